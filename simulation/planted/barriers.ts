/** Planted bugs of barriers and of what is in flight: alignment, overtaking, rings, queues. */
import type { PlantedBug } from './bug.ts'

const ALIGNER = 'src/runtime/exchange/aligner.ts'
const GATE = 'src/runtime/exchange/input-gate.ts'
const RING = 'src/runtime/exchange/ring.ts'
const RECORDING = 'src/runtime/exchange/gate-recording.ts'

export const barrierBugs: readonly PlantedBug[] = [
  {
    name: 'cut-without-the-last-barrier',
    symptom: 'records before a barrier are counted after it: lost or double after a recovery',
    file: ALIGNER,
    find: 'if (this.#blockedCount < this.#blocked.length) return undefined',
    replace: 'if (this.#blockedCount < this.#blocked.length - 1) return undefined',
  },
  {
    name: 'aligned-channel-read-on',
    symptom: 'records behind a barrier are part of the checkpoint and come again',
    file: GATE,
    find: 'if (!this.#aligner.hasPassed(index)) return true\n    return !this',
    replace: 'if (!this.#aligner.hasPassed(index) || index >= 0) return true\n    return !this',
  },
  {
    name: 'channels-stay-blocked-after-an-abort',
    symptom: 'after a failed checkpoint a task waits for ever',
    file: ALIGNER,
    find: 'if (this.#pending?.checkpointId === checkpointId) this.#release()',
    replace: '',
  },
  {
    name: 'late-barrier-counts-again',
    symptom: 'the rest of a barrier that was cut already blocks channels, or cuts once more',
    file: ALIGNER,
    find: 'return checkpointId <= this.#settledId ||',
    replace: 'return checkpointId < this.#settledId ||',
  },
  {
    name: 'aborted-checkpoint-settles-older-ones',
    symptom: 'what is in flight is in no checkpoint if one begun after it was given up: lost',
    file: ALIGNER,
    find: 'if (checkpointId > this.#settledId) this.#givenUp.add(checkpointId)',
    replace: 'this.#settle(checkpointId)',
  },
  {
    name: 'gathered-records-after-the-barrier',
    symptom: 'records gathered for a prefetch are lost at a recovery: read, but in no state',
    file: 'src/runtime/task.ts',
    find:
      '    const startMs = host.clock.monotonic()\n' +
      '    for (const { stage } of chain.operators) stage.flush()\n',
    replace: '    const startMs = host.clock.monotonic()\n',
  },
  {
    name: 'barrier-overtakes-broadcast',
    symptom: 'subtasks have different broadcast state in one checkpoint',
    file: 'src/runtime/exchange/exchange-output.ts',
    find: "    if (this.#partitioning === 'broadcast') return false\n",
    replace: '',
  },
  {
    name: 'rest-of-a-frame-not-saved',
    symptom: 'records of a half read frame are lost when an unaligned checkpoint is restored',
    file: GATE,
    find: 'this.#frame.rest(this.#channel(index).type) : undefined',
    replace: 'new Uint8Array(0) : undefined',
  },
  {
    name: 'fragments-not-saved',
    symptom: 'a record larger than a frame is lost when an unaligned checkpoint is restored',
    file: RECORDING,
    find: 'const frames = hasPassed ? [] : fragments.map((bytes) => fragmentOf(bytes))',
    replace: 'const frames = hasPassed || fragments.length > 0 ? [] : fragments.map(fragmentOf)',
  },
  {
    name: 'frames-behind-the-mark-saved',
    symptom: 'records come twice when an unaligned checkpoint is restored',
    file: RING,
    find: 'const end = isMarked ? mark.at : written',
    replace: 'const end = written',
  },
  {
    name: 'queued-frames-not-saved',
    symptom: 'what a barrier overtook in a sender is lost when it is restored',
    file: 'src/runtime/exchange/lane.ts',
    find: 'if (frame.type !== FRAME_BARRIER) left.push(frame)',
    replace: 'if (frame.type === FRAME_FRAGMENT) left.push(frame)',
  },
  {
    name: 'overtaken-values-prepared-too',
    symptom: 'output that a barrier overtook comes twice',
    file: 'src/runtime/sink-pump.ts',
    find: '      each.valuesBefore = Math.min(each.valuesBefore, this.#writing)\n',
    replace: '',
  },
  {
    name: 'in-flight-of-missing-subtasks-lost',
    symptom: 'after scaling down records in flight to the subtasks that are gone are lost',
    file: 'src/runtime/in-flight-restore.ts',
    find: 'if (!isKeyed) return to % parallelism === subtaskIndex',
    replace: 'if (!isKeyed) return to === subtaskIndex',
  },
  {
    name: 'ring-forgets-the-skipped-end',
    symptom: 'a full channel overwrites frames that were not read yet',
    file: RING,
    find: 'if (usedBytes + skipBytes + needBytes > this.#capacityBytes) {',
    replace: 'if (usedBytes + needBytes > this.#capacityBytes) {',
  },
  {
    name: 'queued-frame-not-copied',
    symptom: 'records change on their way while a channel is full',
    file: 'src/runtime/exchange/frame-queue.ts',
    find: 'const copied = new Uint8Array(bytes)',
    replace: 'const copied = bytes',
  },
  {
    name: 'watermark-overtakes-records',
    symptom: 'records that came in time count as late after an exchange',
    file: 'src/runtime/exchange/lane.ts',
    find: '  sendLast(type: number, bytes: Uint8Array): void {\n    this.#settle()\n',
    replace: '  sendLast(type: number, bytes: Uint8Array): void {\n',
  },
  {
    name: 'waiting-batch-is-passed',
    symptom: 'records that wait for room within a worker come behind a barrier that was sent later',
    file: 'src/runtime/exchange/lane.ts',
    find: '    this.flush()\n    if (this.#waiting !== undefined) this.#encode()\n',
    replace: '    this.flush()\n',
  },
  {
    name: 'group-takes-the-lane-of-another',
    symptom: 'records of some keys come to a subtask that does not hold their state',
    file: 'src/runtime/exchange/exchange-output.ts',
    find: 'subtaskOf(group, options.maxParallelism, lanes),',
    replace: 'subtaskOf(Math.max(0, group - 1), options.maxParallelism, lanes),',
  },
  {
    name: 'batch-in-the-time-of-its-first',
    symptom: 'records that a source hands to an exchange together have the time of the first',
    file: 'src/runtime/exchange/exchange-output.ts',
    find: 'timestampOf === undefined ? NO_TIMESTAMP : timestampOf(value)',
    replace: 'timestampOf === undefined ? NO_TIMESTAMP : timestampOf(values[start])',
  },
  {
    name: 'local-batch-sent-twice',
    symptom: 'records to a task of the same worker come twice after they had to wait',
    file: 'src/runtime/exchange/lane.ts',
    find: '      this.#waiting = undefined\n      moved = true\n',
    replace: '      moved = true\n',
  },
  {
    name: 'local-batch-in-the-time-of-its-first',
    symptom: 'records to a task of the same worker have the time of another one',
    file: 'src/runtime/exchange/gate-channel.ts',
    find: 'const timestamp = batch.timestamps[at] as number',
    replace: 'const timestamp = batch.timestamps[0] as number',
  },
  {
    name: 'hash-cut-on-its-way',
    symptom: 'half of all keys get their rows under a hash that is not theirs',
    file: 'src/runtime/exchange/gate-channel.ts',
    find: 'const hash = frame.int32LE()',
    replace: 'const hash = frame.int32LE() & 0x7fffffff',
  },
  {
    name: 'number-read-from-the-frame-before',
    symptom: 'numbers of a frame are those that stood in another one',
    file: 'src/util/bytes.ts',
    find: '    this.#view = viewOfMany(this.bytes, end - start)\n    return this\n',
    replace: '    this.#view ??= viewOfMany(this.bytes, end - start)\n    return this\n',
  },
  {
    name: 'number-written-where-the-buffer-was',
    symptom: 'numbers are lost where a buffer grows',
    file: 'src/util/bytes.ts',
    find: '    this.#view = viewOf(grown)\n',
    replace: '',
  },
]
