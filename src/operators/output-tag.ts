/** Side outputs are named by values: a tag carries the name and the type of what goes there. */
import { dynamicType } from '../types/dynamic.ts'
import type { Type } from '../types/type.ts'

export interface OutputTag<T> {
  readonly name: string
  readonly type: Type<T>
}

/**
 * @example
 * const late = outputTag('late', Click)
 * ctx.output(late, click)             // in a function
 * stream.sideOutput(late).print()     // after it
 */
export function outputTag<T>(name: string, type: Type<T> = dynamicType<T>()): OutputTag<T> {
  return Object.freeze({ name, type })
}
