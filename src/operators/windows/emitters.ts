/**
 * What happens to the contents of a window that fires: they are emitted, through the user's `emit`
 * or window process function. Results carry the last moment of their window, as in Flink.
 */
import type { KeyedStateTable } from '../../state/backend.ts'
import type { StateDescriptor, StateSchema } from '../../state/descriptors.ts'
import { mapState } from '../../state/descriptors.ts'
import type { MapState, ValueState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import { tableOf } from '../base.ts'
import { NO_TIMESTAMP, type OperatorContext } from '../operator.ts'
import type { OutputTag } from '../output-tag.ts'
import { Emitter } from '../process-context.ts'
import { ResultCheck } from '../synchronous.ts'
import type { WindowContext, WindowProcessFunction } from './functions.ts'
import type { Window } from './window.ts'

export interface WindowEmitter {
  emit(window: Window, slot: number, result: unknown): void
  /** The window is gone. */
  clear(slot: number): void
}

/** How the emitter of a subtask is made, and the state it needs. */
export interface EmitterKind {
  readonly states: StateSchema
  /** True if it must be told when a window is gone. */
  readonly keepsWindowState: boolean
  create(context: OperatorContext, what: string): WindowEmitter
}

export type EmitFunction = (result: unknown, context: WindowContext<unknown>) => unknown

/** @param emit makes the record from the result; without it the result is the record. */
export function resultEmitter(emit: EmitFunction | undefined): EmitterKind {
  return {
    states: {},
    keepsWindowState: false,
    create: (context, what) => new ResultEmitter(context, what, emit),
  }
}

class ResultEmitter implements WindowEmitter {
  readonly #context: OperatorContext
  readonly #table: KeyedStateTable
  readonly #results: ResultCheck
  readonly #emit: EmitFunction | undefined

  constructor(context: OperatorContext, what: string, emit: EmitFunction | undefined) {
    this.#context = context
    this.#table = tableOf(context)
    this.#results = new ResultCheck(what)
    this.#emit = emit
  }

  emit(window: Window, _slot: number, result: unknown): void {
    const emit = this.#emit
    let record = result
    if (emit !== undefined) {
      record = emit(result, { key: this.#table.currentKey, window: window.shown })
      this.#results.check(record)
    }
    this.#context.output.collect(record, timestampOf(window))
  }

  clear(): void {}
}

type AnyProcess = WindowProcessFunction<unknown, unknown, unknown, StateSchema>

const windowStateName = (name: string): string => `window:${name}`

/** @param gets all values of the window as a list, or the one result that was made of them. */
export function processEmitter(fn: AnyProcess, gets: 'values' | 'result'): EmitterKind {
  const states: Record<string, StateDescriptor> = { ...fn.state }
  const perWindow: StateSchema = fn.windowState ?? {}
  for (const [name, { type }] of Object.entries(perWindow)) {
    states[windowStateName(name)] = mapState(t.float64, type)
  }
  return {
    states,
    keepsWindowState: Object.keys(perWindow).length > 0,
    create: (context, what) => new ProcessEmitter(context, what, fn, gets),
  }
}

/** The context and collector are made once and pointed at each window. */
class ProcessEmitter implements WindowEmitter {
  readonly #table: KeyedStateTable
  readonly #results: ResultCheck
  readonly #fn: AnyProcess
  readonly #getsResult: boolean
  readonly #emitter: Emitter
  readonly #perWindow: readonly PerWindowValue[]
  readonly #context: Parameters<AnyProcess['process']>[4]

  constructor(context: OperatorContext, what: string, fn: AnyProcess, gets: 'values' | 'result') {
    this.#table = tableOf(context)
    this.#results = new ResultCheck(what)
    this.#fn = fn
    this.#getsResult = gets === 'result'
    const emitter = new Emitter(context, what, fn.sideOutputs)
    this.#emitter = emitter
    const { handles } = this.#table
    const perWindow: StateSchema = fn.windowState ?? {}
    const windowState = new Map<string, PerWindowValue>()
    for (const [name, { initial }] of Object.entries(perWindow)) {
      // The handle is of the map that `processEmitter` declares.
      const values = handles[windowStateName(name)] as MapState<number, unknown>
      windowState.set(name, new PerWindowValue(values, initial))
    }
    this.#perWindow = [...windowState.values()]
    const own = Object.keys(fn.state ?? {}).map((name) => [name, handles[name]] as const)
    this.#context = Object.freeze({
      state: Object.freeze(Object.fromEntries(own)),
      windowState: Object.freeze(Object.fromEntries(windowState)),
      get currentWatermark() {
        return context.timers?.currentWatermark ?? NO_TIMESTAMP
      },
      get currentProcessingTime() {
        return context.processingTime()
      },
      output: <X>(tag: OutputTag<X>, value: X) => emitter.side(tag, value),
    })
  }

  emit(window: Window, slot: number, result: unknown): void {
    this.#emitter.now = timestampOf(window)
    for (const value of this.#perWindow) value.slot = slot
    const { process } = this.#fn
    const key = this.#table.currentKey
    // Without a fold, contents give a frozen list.
    const values = this.#getsResult ? Object.freeze([result]) : (result as readonly unknown[])
    const returned = process(key, window.shown, values, this.#emitter, this.#context)
    this.#results.check(returned)
  }

  clear(slot: number): void {
    for (const value of this.#perWindow) {
      value.slot = slot
      value.clear()
    }
  }
}

/** A value state per window: an entry of a map per key. */
class PerWindowValue implements ValueState<unknown, unknown> {
  slot = 0
  readonly #values: MapState<number, unknown>
  readonly #initial: unknown

  constructor(values: MapState<number, unknown>, initial: unknown) {
    this.#values = values
    this.#initial = initial
  }

  value(): unknown {
    const value = this.#values.get(this.slot)
    return value === undefined && !this.#values.has(this.slot) ? this.#initial : value
  }

  update(value: unknown): void {
    this.#values.set(this.slot, value)
  }

  clear(): void {
    this.#values.delete(this.slot)
  }
}

/** The global window has no last moment, and its results no timestamp. */
export function timestampOf(window: Window): number {
  return window.end === Number.POSITIVE_INFINITY ? NO_TIMESTAMP : window.maxTimestamp
}
