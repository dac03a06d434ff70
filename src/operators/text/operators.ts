/**
 * The operators of functions that have a version for bytes: they take lines of either kind. What
 * comes as bytes is never seen by the job's own functions.
 */
import type { Inline, Operator, OperatorContext } from '../operator.ts'
import { FlatMapOperator, MapOperator } from '../stateless.ts'
import { TextLine } from './line.ts'
import { byteVersionOf, type EachOf, type OneOf } from './text-function.ts'

class TextFlatMapOperator extends FlatMapOperator {
  /** It hands words on while it looks for the next one, which takes a call. */
  override readonly inline = undefined
  readonly #each: EachOf

  constructor(
    context: OperatorContext,
    what: string,
    fn: (value: unknown) => Iterable<unknown>,
    each: EachOf,
  ) {
    super(context, what, fn)
    this.#each = each
  }

  override processElement(value: unknown, timestamp: number): void {
    if (value instanceof TextLine) this.#each(value, this.output, timestamp)
    else super.processElement(value, timestamp)
  }
}

class TextMapOperator extends MapOperator {
  override readonly inline: Inline
  readonly #one: OneOf

  constructor(context: OperatorContext, what: string, fn: (value: unknown) => unknown, one: OneOf) {
    super(context, what, fn)
    this.#one = one
    this.inline = this.inlineOf('map', (value) =>
      value instanceof TextLine ? one(value) : fn(value),
    )
  }

  override processElement(value: unknown, timestamp: number): void {
    if (value instanceof TextLine) this.output.collect(this.#one(value), timestamp)
    else super.processElement(value, timestamp)
  }
}

/** The operator of `map`. */
export function mapOperator(
  context: OperatorContext,
  what: string,
  fn: (value: unknown) => unknown,
): Operator {
  const one = byteVersionOf(fn)?.one
  if (one === undefined) return new MapOperator(context, what, fn)
  return new TextMapOperator(context, what, fn, one())
}

/** The operator of `flatMap`. */
export function flatMapOperator(
  context: OperatorContext,
  what: string,
  fn: (value: unknown) => Iterable<unknown>,
): Operator {
  const each = byteVersionOf(fn)?.each
  if (each === undefined) return new FlatMapOperator(context, what, fn)
  return new TextFlatMapOperator(context, what, fn, each())
}
