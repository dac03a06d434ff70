/**
 * Joins by window: the records of two streams in one window operator, which holds those of each
 * apart. Windows, triggers, lateness and sessions are those of windows over one stream.
 */
import type { KeyedStateTable } from '../../state/backend.ts'
import type { Type } from '../../types/type.ts'
import { tableOf } from '../base.ts'
import type { Collector, Timestamp } from '../functions.ts'
import { NO_TIMESTAMP, type Operator, type OperatorContext, type TimeDomain } from '../operator.ts'
import type { OutputTag } from '../output-tag.ts'
import { Emitter } from '../process-context.ts'
import { ResultCheck } from '../synchronous.ts'
import {
  type ContentsKind,
  listedContents,
  type WindowContents,
  type WindowKind,
} from '../windows/contents.ts'
import { createWindowOperator } from '../windows/create.ts'
import { type EmitterKind, timestampOf, type WindowEmitter } from '../windows/emitters.ts'
import type { WindowContext } from '../windows/functions.ts'
import { LateRecords } from '../windows/late.ts'
import type { WindowSpec } from '../windows/operator.ts'
import type { Window } from '../windows/window.ts'
import type { CoGroupContext } from './functions.ts'
import type { LateTags, OuterSides } from './interval.ts'

/** Which stream the record is of that is being added; one for an operator and its contents. */
class Arrival {
  isLeft = true
}

export type PairWindowSpec = Omit<WindowSpec, 'lateTag' | 'contents' | 'fold'> & {
  readonly late: LateTags
  readonly leftType: Type<unknown>
  readonly rightType: Type<unknown>
}

/** The specification of a window operator over both streams. */
export function pairWindowSpec(spec: PairWindowSpec, arrival = new Arrival()): WindowSpec {
  const { kind } = spec.assigner
  const contents = pairContents(kind, spec.leftType, spec.rightType, arrival)
  return { ...spec, lateTag: undefined, contents, fold: undefined }
}

export class PairWindowOperator implements Operator {
  readonly #arrival = new Arrival()
  readonly #inner: Operator
  readonly #lateLeft: LateRecords
  readonly #lateRight: LateRecords

  constructor(context: OperatorContext, what: string, spec: PairWindowSpec) {
    this.#inner = createWindowOperator(context, what, pairWindowSpec(spec, this.#arrival))
    this.#lateLeft = new LateRecords(context, spec.late.left)
    this.#lateRight = new LateRecords(context, spec.late.right)
  }

  get lateRecords(): number {
    return this.#inner.lateRecords ?? 0
  }

  open(): void | Promise<void> {
    return this.#inner.open()
  }

  processElement(value: unknown, timestamp: Timestamp): void {
    this.#take(true, value, timestamp)
  }

  processElement2(value: unknown, timestamp: Timestamp): void {
    this.#take(false, value, timestamp)
  }

  processWatermark(timestamp: Timestamp): void {
    this.#inner.processWatermark(timestamp)
  }

  onTimer(domain: TimeDomain, time: Timestamp, name: string): void {
    this.#inner.onTimer?.(domain, time, name)
  }

  endInput(): void {
    this.#inner.endInput()
  }

  close(): void | Promise<void> {
    return this.#inner.close()
  }

  #take(isLeft: boolean, value: unknown, timestamp: Timestamp): void {
    this.#arrival.isLeft = isLeft
    const before = this.lateRecords
    this.#inner.processElement(value, timestamp)
    // Each stream has a side output of its own.
    if (this.lateRecords === before) return
    if (isLeft) this.#lateLeft.take(value, timestamp)
    else this.#lateRight.take(value, timestamp)
  }
}

/** What a window holds. */
interface Pair {
  readonly left: readonly unknown[]
  readonly right: readonly unknown[]
}

function pairContents(
  kind: WindowKind,
  leftType: Type<unknown>,
  rightType: Type<unknown>,
  arrival: Arrival,
): ContentsKind {
  const left = listedContents(kind, leftType, 'left')
  const right = listedContents(kind, rightType, 'right')
  return {
    states: { ...left.states, ...right.states },
    evicts: false,
    create: (context) => new PairContents(left.create(context), right.create(context), arrival),
  }
}

class PairContents implements WindowContents {
  readonly #left: WindowContents
  readonly #right: WindowContents
  readonly #arrival: Arrival

  constructor(left: WindowContents, right: WindowContents, arrival: Arrival) {
    this.#left = left
    this.#right = right
    this.#arrival = arrival
  }

  has(slot: number): boolean {
    return this.#left.has(slot) || this.#right.has(slot)
  }

  add(slot: number, value: unknown, timestamp: Timestamp): boolean {
    const isFirst = !this.has(slot)
    const own = this.#arrival.isLeft ? this.#left : this.#right
    own.add(slot, value, timestamp)
    return isFirst
  }

  result(slot: number): Pair {
    // Listed contents give lists, and empty ones where they hold nothing.
    const [left, right] = [this.#left.result(slot), this.#right.result(slot)]
    return { left, right } as Pair
  }

  held(slot: number): Pair {
    return this.result(slot)
  }

  clear(slot: number): void {
    this.#left.clear(slot)
    this.#right.clear(slot)
  }

  merge(into: number, from: number): void {
    this.#left.merge(into, from)
    this.#right.merge(into, from)
  }

  size(slot: number): number {
    return this.#left.size(slot) + this.#right.size(slot)
  }
}

/** Makes a result of each pair of records, and of those alone on an outer side. */
export type JoinFunction = (
  left: unknown,
  right: unknown,
  context: WindowContext<unknown>,
) => unknown

export function joinEmitter(outer: OuterSides, join: JoinFunction): EmitterKind {
  const create = (context: OperatorContext, what: string) =>
    new JoinEmitter(context, what, outer, join)
  return { states: {}, keepsWindowState: false, create }
}

/** Stands for the other side of records that are alone. */
const NOBODY: readonly unknown[] = Object.freeze([undefined])

class JoinEmitter implements WindowEmitter {
  readonly #context: OperatorContext
  readonly #table: KeyedStateTable
  readonly #results: ResultCheck
  readonly #outer: OuterSides
  readonly #join: JoinFunction

  constructor(context: OperatorContext, what: string, outer: OuterSides, join: JoinFunction) {
    this.#context = context
    this.#table = tableOf(context)
    this.#results = new ResultCheck(what)
    this.#outer = outer
    this.#join = join
  }

  emit(window: Window, _slot: number, result: unknown): void {
    const pair = result as Pair // of the contents that come with this emitter
    const lefts = pair.left.length === 0 && this.#outer.right ? NOBODY : pair.left
    const rights = pair.right.length === 0 && this.#outer.left ? NOBODY : pair.right
    if (lefts.length === 0 || rights.length === 0) return
    const context = { key: this.#table.currentKey, window: window.shown }
    for (const left of lefts)
      for (const right of rights) this.#emitAlone(left, right, context, window)
  }

  clear(): void {}

  /** With an error policy a pair fails for itself. */
  #emitAlone(left: unknown, right: unknown, context: WindowContext<unknown>, window: Window): void {
    const { guard } = this.#context
    if (guard === undefined) return this.#emit(left, right, context, window)
    const timestamp = timestampOf(window)
    guard.attempt(
      () => ({ record: { left, right }, timestamp, window: context.window }),
      () => this.#emit(left, right, context, window),
    )
  }

  #emit(left: unknown, right: unknown, context: WindowContext<unknown>, window: Window): void {
    const join = this.#join
    const result = join(left, right, context)
    this.#results.check(result)
    if (result !== undefined) this.#context.output.collect(result, timestampOf(window))
  }
}

export type CoGroupFunction = (
  left: readonly unknown[],
  right: readonly unknown[],
  context: CoGroupContext<unknown>,
  out: Collector<unknown>,
) => unknown

export function coGroupEmitter(
  fn: CoGroupFunction,
  sideOutputs: readonly OutputTag<unknown>[] | undefined,
): EmitterKind {
  const create = (context: OperatorContext, what: string) =>
    new CoGroupEmitter(context, what, fn, new Emitter(context, what, sideOutputs))
  return { states: {}, keepsWindowState: false, create }
}

class CoGroupEmitter implements WindowEmitter {
  readonly #context: OperatorContext
  readonly #table: KeyedStateTable
  readonly #results: ResultCheck
  readonly #fn: CoGroupFunction
  readonly #emitter: Emitter

  constructor(context: OperatorContext, what: string, fn: CoGroupFunction, emitter: Emitter) {
    this.#context = context
    this.#table = tableOf(context)
    this.#results = new ResultCheck(what)
    this.#fn = fn
    this.#emitter = emitter
  }

  emit(window: Window, _slot: number, result: unknown): void {
    const { left, right } = result as Pair // of the contents that come with this emitter
    const emitter = this.#emitter
    emitter.now = timestampOf(window)
    const context: CoGroupContext<unknown> = {
      key: this.#table.currentKey,
      window: window.shown,
      currentWatermark: this.#context.timers?.currentWatermark ?? NO_TIMESTAMP,
      output: (tag, value) => emitter.side(tag, value),
    }
    const fn = this.#fn
    const returned = fn(left, right, context, emitter)
    this.#results.check(returned)
  }

  clear(): void {}
}
