/** Planted bugs of time: timers, watermarks, time to live. */
import type { PlantedBug } from './bug.ts'

const ENTRIES = 'src/state/table/timer-entries.ts'
const GATE = 'src/runtime/exchange/input-gate.ts'

export const timeBugs: readonly PlantedBug[] = [
  {
    name: 'fired-timer-not-recorded',
    symptom: 'timers that have fired fire again after a recovery',
    file: ENTRIES,
    find: '      this.changes.touch(clock, slot)\n      set.takeFirst(slot)\n',
    replace: '      set.takeFirst(slot)\n',
  },
  {
    name: 'timer-set-twice',
    symptom: 'a timer that is registered twice fires twice',
    file: ENTRIES,
    find: '    let slot = set.find(key, hash, at, name)\n    if (slot >= 0 && slots.isSet(slot)) {',
    replace:
      '    let slot = name === "" ? -1 : set.find(key, hash, at, name)\n' +
      '    if (slot >= 0 && slots.isSet(slot)) {',
  },
  {
    name: 'known-timer-fetched-again',
    symptom: 'a timer that was deleted, or has fired, comes back from the store below',
    file: 'src/state/table/timers-below.ts',
    find: 'if (!isKnown) this.#timers.revive(domain, timer, timer.payload)',
    replace: 'this.#timers.revive(domain, timer, timer.payload)',
  },
  {
    name: 'evicted-timer-not-spilled',
    symptom: 'timers that leave memory before their checkpoint are lost at a recovery',
    file: 'src/state/table/timers-below.ts',
    find: 'if (slots.epochOf(slot) > this.#options.confirmedEpoch()) {',
    replace: 'if (slots.epochOf(slot) < this.#options.confirmedEpoch()) {',
  },
  {
    name: 'deleted-timer-of-a-run-fires',
    symptom: 'a timer deleted right after a recovery fires all the same',
    file: 'src/state/table/lazy-timers.ts',
    find: 'if (this.#deleted.delete(id)) return',
    replace: 'this.#deleted.delete(id)',
  },
  {
    name: 'restored-timers-behind-the-first-slice-lost',
    symptom: 'a recovery loses timers',
    file: 'src/state/table/lazy-timers.ts',
    find: 'if (count >= this.#sliceTimers && parts.timeMs !== lastMs) {',
    replace:
      'if (count > this.#sliceTimers && parts.timeMs !== lastMs) break\n      if (count < 0) {',
  },
  {
    name: 'timer-not-preserved-for-a-cut',
    symptom: 'a timer that changes while its checkpoint is written is missing from it',
    file: 'src/state/table/timer-changes.ts',
    find:
      '    const group = this.groupOf(slots.hashOf(slot))\n    this.preserve(domain, ' +
      'slot, group)\n',
    replace: '    const group = this.groupOf(slots.hashOf(slot))\n',
  },
  {
    name: 'timer-burst-forgotten',
    symptom: 'a recovery in a burst of timers lets records overtake the rest of it',
    file: 'src/runtime/stages.ts',
    find: "this.#isFiring = this.#table.timers.nextTime('event-time') <= watermark",
    replace: "this.#isFiring = this.#table.timers.nextTime('event-time') < 0 && watermark < 0",
  },
  {
    name: 'watermark-before-its-timers',
    symptom: 'a watermark goes on although timers that are due still have to fire',
    file: 'src/runtime/stages.ts',
    find: "if (this.#isFiring && this.#fire('event-time', this.currentWatermark)) return",
    replace: "if (this.#isFiring) this.#fire('event-time', this.currentWatermark)",
  },
  {
    name: 'watermark-passes-gathered-records',
    symptom: 'records gathered for a prefetch count as late',
    file: 'src/runtime/stages.ts',
    find: '    this.flush()\n    if (timestamp <= this.currentWatermark) return\n',
    replace: '    if (timestamp <= this.currentWatermark) return\n',
  },
  {
    name: 'silent-input-does-not-hold-time',
    symptom: 'records of an input that starts late count as late',
    file: GATE,
    find: 'if (value < least && this.#idle[index] === false) least = value',
    replace:
      'if (value < least && value > MIN_WATERMARK && this.#idle[index] === false) least = value',
  },
  {
    name: 'greatest-watermark-restored',
    symptom: 'after a rescale records of slower subtasks count as late',
    file: 'src/runtime/task-records.ts',
    find: 'least = Math.min(least, new ByteReader(entry.value).float64LE())',
    replace:
      'least = Math.max(Number.isFinite(least) ? least : MIN_WATERMARK, ' +
      'new ByteReader(entry.value).float64LE())',
  },
  {
    name: 'watermark-of-a-missing-subtask-ignored',
    symptom: 'after a rescale records of a subtask that had seen none count as late',
    file: 'src/runtime/task-records.ts',
    find: 'return found > 0 && found >= former.parallelism ? least : MIN_WATERMARK',
    replace: 'return found > 0 ? least : MIN_WATERMARK',
  },
  {
    name: 'watermark-one-too-high',
    symptom: 'records as old as the bound allows count as late',
    file: 'src/operators/watermarks.ts',
    find: 'this.#maxTimestamp - this.#strategy.maxOutOfOrdernessMs - 1',
    replace: 'this.#maxTimestamp - this.#strategy.maxOutOfOrdernessMs',
  },
  {
    name: 'split-that-waits-does-not-hold-time',
    symptom: 'records of a split whose turn comes later count as late',
    file: 'src/runtime/active-splits.ts',
    find: '    return this.#least(() => true)\n',
    replace: '    return this.#least((split) => split.hasBatch || split.hasEnded)\n',
  },
  {
    name: 'no-watermark-at-the-end',
    symptom: 'a stop with drain leaves the last windows open',
    file: 'src/runtime/source-head.ts',
    find: '    this.#output.watermark(MAX_WATERMARK)\n',
    replace: '',
  },
  {
    name: 'time-to-live-by-the-wrong-clock',
    symptom: 'state with a time to live in event time expires by the clock on the wall',
    file: 'src/state/table/expiry.ts',
    find: "if (this.ttl.domain === 'event-time') return timers.currentWatermark",
    replace: "if (this.ttl.domain !== 'event-time') return timers.currentWatermark",
  },
  {
    name: 'time-to-live-lasts-one-longer',
    symptom: 'state is visible at the moment at which it has expired',
    file: 'src/state/table/expiry.ts',
    find: 'return stampMs >= 0 && stampMs + this.ttl.afterMs <= this.#clock()',
    replace: 'return stampMs >= 0 && stampMs + this.ttl.afterMs < this.#clock()',
  },
  {
    name: 'touch-time-lost-at-a-restore',
    symptom: 'state restored from a checkpoint never expires',
    file: 'src/state/table/restore.ts',
    find: 'collection.restore(key, value, table.codec.stampMs)',
    replace: 'collection.restore(key, value, -1)',
  },
  {
    name: 'next-mark-not-set',
    symptom: 'of the entries of a map only those that expire first are ever freed',
    file: 'src/state/table/lives.ts',
    find:
      'if (oldest < Number.POSITIVE_INFINITY) of.markedAt = this.life.mark(oldest, ' +
      'of.markedAt)',
    replace:
      'if (oldest < markedAt - this.life.ttl.afterMs) ' +
      'of.markedAt = this.life.mark(oldest, of.markedAt)',
  },
]
