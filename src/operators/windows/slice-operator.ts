/**
 * Overlapping windows by slices: a record is folded into its slice, and when a window ends the
 * slices in it are merged. What comes out is what `AlignedWindowOperator` gives with the default
 * trigger, as long as the fold is associative.
 *
 * A key has one timer: for the end of its next window that holds anything, or, when all have
 * fired, for the time at which the last slice is no longer needed. Its time is kept in state, so
 * that a record has to look at timers only when it begins a slice.
 */
import { valueState, type StateSchema } from '../../state/descriptors.ts'
import type { ValueState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import { required } from '../../util/assert.ts'
import { BaseOperator, tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import type { KeyedTimers, OperatorContext, TimeDomain } from '../operator.ts'
import type { OutputTag } from '../output-tag.ts'
import type { WindowAssigner } from './assigners.ts'
import { type EmitterKind, timestampOf, type WindowEmitter } from './emitters.ts'
import type { Fold } from './fold.ts'
import { LateRecords, requireTimestamp } from './late.ts'
import { type Chunk, newestEnd, SliceContents, sliceStates } from './slice-contents.ts'
import { SliceFiring } from './slice-firing.ts'
import type { Slicing } from './slices.ts'
import { maxTimestampOf, type Window } from './window.ts'

/** Name of the state that holds the time of the timer; in every snapshot, so it never changes. */
const TIMER_STATE = 'window-timer'

export interface SliceSpec {
  readonly assigner: WindowAssigner
  readonly slicing: Slicing
  readonly allowedLatenessMs: number
  readonly lateTag: OutputTag<unknown> | undefined
  readonly fold: Fold
  readonly emitter: EmitterKind
}

export function sliceWindowStates({ fold, emitter }: SliceSpec): StateSchema {
  const timer = valueState(t.float64, { initial: Infinity })
  return { ...sliceStates(fold), [TIMER_STATE]: timer, ...emitter.states }
}

export class SliceOperator extends BaseOperator {
  readonly #what: string
  readonly #host: OperatorContext
  readonly #assigner: WindowAssigner
  readonly #slicing: Slicing
  readonly #latenessMs: number
  readonly #late: LateRecords
  readonly #emitter: WindowEmitter
  readonly #contents: SliceContents
  readonly #timers: KeyedTimers
  readonly #timer: ValueState<number, never>
  readonly #slice: CurrentSlice
  readonly #firing: SliceFiring

  constructor(context: OperatorContext, what: string, spec: SliceSpec) {
    super(context, what)
    const table = tableOf(context)
    this.#what = what
    this.#host = context
    this.#assigner = spec.assigner
    this.#slicing = spec.slicing
    this.#latenessMs = spec.allowedLatenessMs
    this.#late = new LateRecords(context, spec.lateTag)
    this.#emitter = spec.emitter.create(context, what)
    this.#contents = new SliceContents(table, spec.fold)
    this.#timers = required(context.timers, `${what} needs timers`)
    // `sliceWindowStates` declares it as a number with an initial value.
    this.#timer = table.handles[TIMER_STATE] as ValueState<number, never>
    this.#slice = new CurrentSlice(spec.slicing, spec.allowedLatenessMs)
    this.#firing = new SliceFiring(spec.slicing, spec.allowedLatenessMs)
  }

  get lateRecords(): number {
    return this.#late.count
  }

  processElement(value: unknown, timestamp: Timestamp): void {
    const slice = this.#slice
    if (!(timestamp >= slice.start && timestamp < slice.end)) {
      requireTimestamp(timestamp, this.#what)
      slice.moveTo(timestamp)
    }
    const { currentWatermark } = this.#timers
    if (slice.cleanupTime <= currentWatermark) return this.#late.take(value, timestamp)
    const isFirst = this.#contents.add(slice.end, slice.chunkEnd, value)
    if (isFirst) this.#expect(slice.end, currentWatermark)
    if (slice.firstTime <= currentWatermark) this.#fireAgain(timestamp, currentWatermark)
  }

  onTimer(_domain: TimeDomain, time: Timestamp): void {
    const [contents, firing] = [this.#contents, this.#firing]
    const chunks = contents.chunks()
    firing.moveTo(time)
    if (firing.window !== undefined) this.#fire(chunks, firing.window)
    const next = firing.nextWindow(chunks)
    if (next < Infinity) {
      contents.removeOver(firing)
      return this.#setTimer(next - 1)
    }
    const last = firing.cleanupTime(newestEnd(chunks))
    if (last > time) return this.#setTimer(last)
    contents.clear()
    this.#timer.clear()
  }

  /** Sees to it that the windows of a slice will fire, and that it goes in the end. */
  #expect(sliceEnd: Timestamp, watermark: Timestamp): void {
    const present = this.#timer.value()
    // A window that ends at the watermark or a moment after it is complete.
    const next = this.#slicing.nextWindow(sliceEnd, Math.floor(watermark) + 1) - 1
    if (next === Infinity) {
      if (present === Infinity) this.#setTimer(this.#firing.cleanupTime(sliceEnd))
    } else if (next < present) {
      if (present !== Infinity) this.#timers.delete('event-time', present, '')
      this.#setTimer(next)
    }
  }

  #setTimer(time: Timestamp): void {
    this.#timers.register('event-time', time, '')
    this.#timer.update(time)
  }

  /** A late record fires all its windows that have fired before, or would have. */
  #fireAgain(timestamp: Timestamp, watermark: Timestamp): void {
    const chunks = this.#contents.chunks()
    for (const window of this.#assigner.assign(timestamp)) {
      const time = maxTimestampOf(window)
      if (time <= watermark && time + this.#latenessMs > watermark) this.#fire(chunks, window)
    }
  }

  /** With an error policy it fails for itself. */
  #fire(chunks: readonly Chunk[], window: Window): void {
    const { guard } = this.#host
    if (guard === undefined) return this.#emit(chunks, window)
    const about = () => ({
      record: this.#contents.held(chunks, window.start, window.end),
      timestamp: timestampOf(window),
      window: window.shown,
    })
    guard.attempt(about, () => this.#emit(chunks, window))
  }

  #emit(chunks: readonly Chunk[], window: Window): void {
    const merged = this.#contents.merged(chunks, window.start, window.end)
    if (merged === undefined) return
    this.#emitter.emit(window, window.end, this.#contents.result(merged.accumulator))
  }
}

/** The slice of the record before; the next one is mostly in the same. */
class CurrentSlice {
  start = 0
  end = 0
  chunkEnd = 0
  /** When the first window that holds it is complete. */
  firstTime = 0
  /** When the last window that holds it goes. */
  cleanupTime = 0
  readonly #slicing: Slicing
  readonly #latenessMs: number

  constructor(slicing: Slicing, latenessMs: number) {
    this.#slicing = slicing
    this.#latenessMs = latenessMs
  }

  moveTo(timestamp: Timestamp): void {
    this.start = this.#slicing.startOf(timestamp)
    this.end = this.#slicing.endOf(timestamp)
    this.chunkEnd = this.#slicing.chunkOf(this.end)
    this.firstTime = this.#slicing.nextWindow(this.end, -Infinity) - 1
    this.cleanupTime = this.#slicing.lastWindow(this.end) - 1 + this.#latenessMs
  }
}
