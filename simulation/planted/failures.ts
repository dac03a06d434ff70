/** Planted bugs of error policies: what a call that threw leaves behind. */
import type { PlantedBug } from './bug.ts'

const PARKING = 'src/operators/failures/parking.ts'
const GUARD = 'src/operators/failures/guard.ts'

export const failureBugs: readonly PlantedBug[] = [
  {
    name: 'failed-call-keeps-state',
    symptom: 'a record that became a dead letter has changed the state of its key',
    file: GUARD,
    find: '    this.#undo.undo(0)\n',
    replace: '    this.#undo.forget()\n',
  },
  {
    name: 'failed-call-keeps-results',
    symptom: 'a record that became a dead letter has emitted results, too',
    file: GUARD,
    find: '    this.#results.drop(0)\n',
    replace: '',
  },
  {
    name: 'failed-call-keeps-timers',
    symptom: 'a timer fires that a record set which became a dead letter',
    file: GUARD,
    find: '    this.#timers?.drop(0)\n',
    replace: '    this.#timers?.release()\n',
  },
  {
    name: 'undo-forgets-a-list',
    symptom: 'a list keeps what a record added that became a dead letter',
    file: 'src/operators/failures/undo.ts',
    find: 'return () => state.update(state.get().slice(0, length))',
    replace: 'return () => state.update(state.get().slice(0, length + 1))',
  },
  {
    name: 'parked-record-taken-before-its-call',
    symptom: 'a record of a parked key at which the function throws once more is lost',
    file: PARKING,
    find:
      '    if (failure !== undefined) return this.#note(held, failure)\n' +
      '    records.popFirst()\n',
    replace:
      '    records.popFirst()\n' +
      '    if (failure !== undefined) return this.#note(held, failure)\n',
  },
  {
    name: 'parked-timer-not-put-back',
    symptom: 'a timer at which the function throws once more never fires',
    file: PARKING,
    find: '      timers.set(timerKey, payload === undefined ? {} : { payload })\n',
    replace: '',
  },
  {
    name: 'timer-set-twice-while-its-key-is-tried-again',
    symptom: 'a timer of a parked key fires twice',
    file: 'src/operators/failures/parked-timers.ts',
    find: '    if (at === undefined) this.#timers.delete(domain, time, name)\n',
    replace: '',
  },
  {
    name: 'parked-key-forgotten-at-a-restore',
    symptom: 'records overtake the timers of a parked key for which no record waits',
    file: PARKING,
    find: '      this.#keys.add(held)\n    }\n',
    replace: '      if (held.waiting > 0) this.#keys.add(held)\n    }\n',
  },
  {
    name: 'last-record-of-a-parked-key-first',
    symptom: 'what waits for a key is processed in another order than it came in',
    file: PARKING,
    find: 'this.#states.records.pushLast(',
    replace: 'this.#states.records.pushFirst(',
  },
  {
    name: 'timers-of-a-parked-key-set-in-the-present',
    symptom: 'a timer that is due between two records that wait fires after both',
    file: 'src/operators/failures/parked-timers.ts',
    find: "const hasPassed = domain === 'event-time' && time <= reached",
    replace: 'const hasPassed = false && time <= reached',
  },
  {
    name: 'records-of-a-parked-key-see-the-present',
    symptom: 'event time has passed a record because it waited, and with it its timers',
    file: PARKING,
    find: '    this.timers.replayed = watermark\n',
    replace: '',
  },
  {
    name: 'parked-key-is-free-when-it-failed-again',
    symptom: 'records overtake those that wait for their key, once it was tried in vain',
    file: PARKING,
    find: '    held.message = message\n',
    replace: '    held.message = message\n    if (attempts > 1) this.#keys.remove(held)\n',
  },
]
