/** Operators over a stream and a broadcast one, with the maps that the broadcast side writes. */
import type { StateSchema } from '../state/descriptors.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../state/operator-descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import { tableOf } from './base.ts'
import {
  KeyedReadingContext,
  KeyedWritingContext,
  ReadingContext,
  readonlyMaps,
  WritingContext,
} from './broadcast-context.ts'
import type {
  BroadcastProcessFunction,
  KeyedBroadcastProcessFunction,
} from './broadcast-functions.ts'
import { MIN_WATERMARK, type OperatorContext } from './operator.ts'
import { FunctionOperator, KeyedFunctionOperator } from './process.ts'

export type AnyBroadcastProcess = BroadcastProcessFunction<
  unknown,
  unknown,
  unknown,
  BroadcastStateSchema,
  unknown,
  OperatorStateSchema
>

export class BroadcastOperator extends FunctionOperator<ReadingContext> {
  protected readonly context = new ReadingContext(this.emitter)
  readonly #writing: WritingContext
  readonly #fn: AnyBroadcastProcess
  readonly #what: string
  #watermark = MIN_WATERMARK

  constructor(
    context: OperatorContext,
    what: string,
    fn: AnyBroadcastProcess,
    maps: BroadcastStateSchema,
  ) {
    super(context, what, fn, maps)
    this.#fn = fn
    this.#what = what
    const watermark = (): number => this.#watermark
    this.#writing = new WritingContext(this.emitter, {
      get currentWatermark() {
        return watermark()
      },
      get currentProcessingTime() {
        return context.processingTime()
      },
    })
  }

  override async open(): Promise<void> {
    await super.open()
    this.context.broadcast = readonlyMaps(this.held.maps, this.#what)
    share(this.#writing, this.context, this.held.maps)
  }

  processElement(value: unknown, timestamp: number): void {
    this.emitter.now = timestamp
    this.check(this.#fn.processElement(value, this.context, this.emitter))
  }

  processElement2(value: unknown, timestamp: number): void {
    this.emitter.now = timestamp
    this.check(this.#fn.processBroadcastElement(value, this.#writing, this.emitter))
  }

  override processWatermark(timestamp: number): void {
    this.#watermark = timestamp
    super.processWatermark(timestamp)
  }
}

export type AnyKeyedBroadcastProcess = KeyedBroadcastProcessFunction<
  unknown,
  unknown,
  unknown,
  unknown,
  BroadcastStateSchema,
  StateSchema,
  unknown,
  TimerSchema,
  OperatorStateSchema
>

export class KeyedBroadcastOperator extends KeyedFunctionOperator<KeyedReadingContext> {
  protected readonly context: KeyedReadingContext
  readonly #writing: KeyedWritingContext
  readonly #fn: AnyKeyedBroadcastProcess
  readonly #what: string

  constructor(
    context: OperatorContext,
    what: string,
    fn: AnyKeyedBroadcastProcess,
    maps: BroadcastStateSchema,
  ) {
    super(context, what, fn, maps)
    this.#fn = fn
    this.#what = what
    const table = tableOf(context)
    this.context = new KeyedReadingContext(this.emitter, table, this.timers)
    this.#writing = new KeyedWritingContext(this.emitter, this.timers.handles, table, what)
  }

  override async open(): Promise<void> {
    await super.open()
    this.context.broadcast = readonlyMaps(this.held.maps, this.#what)
    share(this.#writing, this.context, this.held.maps)
  }

  processElement(value: unknown, timestamp: number): void {
    this.emitter.now = timestamp
    this.check(this.#fn.processElement(value, this.context, this.emitter))
  }

  processElement2(value: unknown, timestamp: number): void {
    this.emitter.now = timestamp
    this.check(this.#fn.processBroadcastElement(value, this.#writing, this.emitter))
  }
}

/** Gives the broadcast side what `open` made, and the maps to write. */
function share(
  to: WritingContext,
  from: Pick<WritingContext, 'resources' | 'operatorState'>,
  maps: WritingContext['broadcast'],
): void {
  to.resources = from.resources
  to.operatorState = from.operatorState
  to.broadcast = maps
}
