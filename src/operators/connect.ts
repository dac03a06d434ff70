/** Operators over two connected streams: each record goes to the entrance of its stream. */
import type { StateSchema } from '../state/descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { OperatorStateSchema } from '../state/operator-descriptors.ts'
import { BaseOperator, tableOf } from './base.ts'
import type { CoProcessFunction, KeyedCoProcessFunction } from './connected-functions.ts'
import type { Operator, OperatorContext } from './operator.ts'
import { FunctionOperator, KeyedFunctionOperator } from './process.ts'
import { KeyedProcessContext, ProcessContext } from './process-context.ts'

/** Two operators without state, one for the records of each input. */
export class PairOperator extends BaseOperator {
  readonly #first: Operator
  readonly #second: Operator

  constructor(context: OperatorContext, what: string, first: Operator, second: Operator) {
    super(context, what)
    this.#first = first
    this.#second = second
  }

  processElement(value: unknown, timestamp: number): void {
    this.#first.processElement(value, timestamp)
  }

  processElement2(value: unknown, timestamp: number): void {
    this.#second.processElement(value, timestamp)
  }
}

export type AnyCoProcess = CoProcessFunction<
  unknown,
  unknown,
  unknown,
  unknown,
  OperatorStateSchema
>

export class CoProcessOperator extends FunctionOperator<ProcessContext> {
  protected readonly context = new ProcessContext(this.emitter)
  readonly #fn: AnyCoProcess

  constructor(context: OperatorContext, what: string, fn: AnyCoProcess) {
    super(context, what, fn)
    this.#fn = fn
  }

  processElement(value: unknown, timestamp: number): void {
    this.emitter.now = timestamp
    this.check(this.#fn.processElement1(value, this.context, this.emitter))
  }

  processElement2(value: unknown, timestamp: number): void {
    this.emitter.now = timestamp
    this.check(this.#fn.processElement2(value, this.context, this.emitter))
  }
}

export type AnyKeyedCoProcess = KeyedCoProcessFunction<
  unknown,
  unknown,
  unknown,
  unknown,
  StateSchema,
  unknown,
  TimerSchema,
  OperatorStateSchema
>

export class KeyedCoProcessOperator extends KeyedFunctionOperator {
  protected readonly context: KeyedProcessContext
  readonly #fn: AnyKeyedCoProcess

  constructor(context: OperatorContext, what: string, fn: AnyKeyedCoProcess) {
    super(context, what, fn)
    this.#fn = fn
    this.context = new KeyedProcessContext(this.emitter, tableOf(context), this.timers)
  }

  processElement(value: unknown, timestamp: number): void {
    this.emitter.now = timestamp
    this.check(this.#fn.processElement1(value, this.context, this.emitter))
  }

  processElement2(value: unknown, timestamp: number): void {
    this.emitter.now = timestamp
    this.check(this.#fn.processElement2(value, this.context, this.emitter))
  }
}
