/**
 * Functions of a line that have a version for its bytes. To a job's author they are functions of a
 * string; an operator that is given one makes a reader of bytes, too, and uses whichever fits the
 * record. Both give the same, so nobody can tell but by the time it takes.
 */
import type { Type } from '../../types/type.ts'
import type { Output } from '../operator.ts'
import type { TextLine } from './line.ts'

const functionBrand: unique symbol = Symbol.for('millrace.text-function')

/** Of `flatMap`: hands each result to the output. */
export type EachOf = (line: TextLine, output: Output, timestamp: number) => void
/** Of `map`: gives the one result. */
export type OneOf = (line: TextLine) => unknown

interface ByteVersion {
  readonly outputType: Type<unknown>
  /** Each running operator makes its own, for it may have a state of its own. */
  readonly each?: () => EachOf
  readonly one?: () => OneOf
}

/** A function of a line of text that also works on the bytes of the line. */
export interface TextFunction<R> {
  (line: string): R
  readonly [functionBrand]: ByteVersion
}

/** Gives a function of strings its version for bytes, if it has one. */
export function textFunction<R>(fn: (line: string) => R, version: ByteVersion): TextFunction<R> {
  return Object.freeze(Object.assign(fn, { [functionBrand]: Object.freeze(version) }))
}

/** The version for bytes; undefined for functions of any other kind. */
export function byteVersionOf(fn: object): ByteVersion | undefined {
  const { [functionBrand]: version } = fn as { readonly [functionBrand]?: ByteVersion }
  return version // nothing but `textFunction` puts it there
}
