/** Planted bugs of error policies: what a call that threw leaves behind. */
import type { PlantedBug } from './bug.ts'

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
]
