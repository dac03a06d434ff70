/** Operators without state: map, flatMap and filter. */
import { BaseOperator } from './base.ts'
import type { Inline, OperatorContext } from './operator.ts'

export class MapOperator extends BaseOperator {
  readonly inline: Inline
  readonly #fn: (value: unknown) => unknown

  constructor(context: OperatorContext, what: string, fn: (value: unknown) => unknown) {
    super(context, what)
    this.#fn = fn
    this.inline = this.inlineOf('map', fn)
  }

  processElement(value: unknown, timestamp: number): void {
    const fn = this.#fn
    const result = fn(value)
    this.check(result)
    this.output.collect(result, timestamp)
  }
}

/** Emits while it iterates, so a generator's results need no room. */
export class FlatMapOperator extends BaseOperator {
  readonly inline: Inline | undefined
  readonly #fn: (value: unknown) => Iterable<unknown>

  constructor(context: OperatorContext, what: string, fn: (value: unknown) => Iterable<unknown>) {
    super(context, what)
    this.#fn = fn
    this.inline = this.inlineOf('flat-map', fn)
  }

  processElement(value: unknown, timestamp: number): void {
    const fn = this.#fn
    const results = fn(value)
    this.check(results)
    if (Array.isArray(results)) {
      for (let index = 0; index < results.length; index++) {
        this.output.collect(results[index], timestamp)
      }
    } else {
      for (const result of results) this.output.collect(result, timestamp)
    }
  }
}

export class FilterOperator extends BaseOperator {
  readonly inline: Inline
  readonly #fn: (value: unknown) => unknown

  constructor(context: OperatorContext, what: string, fn: (value: unknown) => unknown) {
    super(context, what)
    this.#fn = fn
    this.inline = this.inlineOf('filter', fn)
  }

  processElement(value: unknown, timestamp: number): void {
    const fn = this.#fn
    const keeps = fn(value)
    this.check(keeps)
    if (keeps) this.output.collect(value, timestamp)
  }
}
