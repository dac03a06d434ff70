/** Planted bugs of operators: windows, joins, asynchronous calls, broadcast and list state. */
import type { PlantedBug } from './bug.ts'

const SESSIONS = 'src/operators/windows/session-operator.ts'
const QUEUE = 'src/operators/async/queue.ts'

export const operatorBugs: readonly PlantedBug[] = [
  {
    name: 'session-merge-loses-contents',
    symptom: 'a record that joins two sessions makes one of them lose its values',
    file: SESSIONS,
    find: 'for (const other of absorbed) if (other.slot !== slot)',
    replace: 'for (const other of absorbed.slice(0, -1)) if (other.slot !== slot)',
  },
  {
    name: 'session-end-not-moved',
    symptom: 'a session ends too early when an older one joins it',
    file: 'src/operators/windows/merging.ts',
    find: '      end = Math.max(end, session.end)\n',
    replace: '',
  },
  {
    name: 'grown-session-ends-as-before',
    symptom: 'a session ends although records that go on with it have come',
    file: SESSIONS,
    find: '      this.#sessions.update(sessions)\n      sessions[at + 1] = own.end\n',
    replace: '      this.#sessions.update([...sessions])\n      sessions[at + 1] = own.end\n',
  },
  {
    name: 'stray-session-timer-not-moved',
    symptom: 'a session that has grown is never emitted',
    file: SESSIONS,
    find: 'if (window.maxTimestamp > time) this.registerEnd(window)',
    replace: 'if (window.maxTimestamp < time) this.registerEnd(window)',
  },
  {
    name: 'lateness-judged-by-the-start',
    symptom: 'records are dropped as late although their window is open',
    file: 'src/operators/windows/operator.ts',
    find:
      'return this.#cleanupTime(window) <= this.timers.currentWatermark\n  }\n\n  ' +
      'protected late',
    replace:
      'return window.start + this.#latenessMs <= this.timers.currentWatermark\n  }\n\n ' +
      ' protected late',
  },
  {
    name: 'window-fires-and-keeps-its-contents',
    symptom: 'the state of windows that are over is never freed, and may come out again',
    file: 'src/operators/windows/operator.ts',
    find: '    this.contents.clear(slot)\n    this.triggerContext.clear()\n',
    replace: '    this.triggerContext.clear()\n',
  },
  {
    name: 'join-forgets-too-early',
    symptom: 'pairs of a join are missing',
    file: 'src/operators/joins/interval.ts',
    find: 'buffer: new TimeBuffer(table, timers, LEFT, Math.max(upperMs, 0)),',
    replace: 'buffer: new TimeBuffer(table, timers, LEFT, Math.max(lowerMs, 0)),',
  },
  {
    name: 'join-leaves-out-its-upper-bound',
    symptom: 'pairs exactly at the bound of a join are missing',
    file: 'src/operators/joins/time-buffer.ts',
    find: 'this.#firsts.walk(from, to, this.#visitFirst)',
    replace: 'this.#firsts.walk(from, to - 1, this.#visitFirst)',
  },
  {
    name: 'join-buffer-keeps-its-timer',
    symptom: 'records of a join are never freed, and outer rows are missing',
    file: 'src/operators/joins/time-buffer.ts',
    find: '    this.#wake.moveTo(this.#nextDue)\n',
    replace: '    this.#wake.moveTo(undefined)\n',
  },
  {
    name: 'answered-calls-not-in-the-checkpoint',
    symptom: 'records whose call is answered but not handed on are lost at a recovery',
    file: QUEUE,
    find: '      for (const { value, timestamp } of records) yield { value, timestamp, after }\n',
    replace:
      '      for (const { value, timestamp, outcome } of records) {\n' +
      '        if (outcome === undefined) yield { value, timestamp, after }\n      }\n',
  },
  {
    name: 'slices-go-when-their-chunk-ends',
    symptom: 'overlapping windows that end later miss the records of slices that have gone',
    file: 'src/operators/windows/slice-firing.ts',
    find: 'const isOver = this.cleanupTime(chunkEnd) <= this.#time',
    replace: 'const isOver = chunkEnd <= this.#time',
  },
  {
    name: 'watermark-passes-calls',
    symptom: 'results of asynchronous calls count as late',
    file: QUEUE,
    find: 'if (segment?.watermark === undefined || segment.records.size > 0) return undefined',
    replace: 'if (segment?.watermark === undefined || this.#segments.length < 2) return undefined',
  },
  {
    name: 'restored-calls-forgotten',
    symptom: 'records whose call was under way are lost at a recovery',
    file: 'src/operators/async/operator.ts',
    find: '      this.#waiting.add(this.#queue.add(value, timestamp))\n',
    replace:
      '      if (this.isFull) continue\n      this.#waiting.add(this.#queue.add(value, ' +
      'timestamp))\n',
  },
  {
    name: 'remainder-of-a-list-lost',
    symptom: 'a rescale loses elements of list state that do not divide evenly',
    file: 'src/state/redistribute.ts',
    find: 'const count = base + (turn < extra ? 1 : 0)',
    replace: 'const count = base + (turn < extra - 1 ? 1 : 0)',
  },
  {
    name: 'broadcast-state-for-the-first-only',
    symptom: 'after a recovery only the first subtask has the broadcast state',
    file: 'src/state/redistribute.ts',
    find: 'ofName[subtask % ofName.length] ?? []',
    replace: 'ofName[subtask] ?? []',
  },
]
