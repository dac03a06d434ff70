/**
 * How a value that was written under one schema becomes one of another, as a tree of steps beside
 * the two schemas. `evolution-rules.ts` makes it, `conversion.ts` follows it.
 */
import type { TypeSchema } from './type.ts'

export type Step =
  /** The value is what it was. */
  | { readonly how: 'same' }
  | { readonly how: 'to-bigint' }
  | { readonly how: 'date-to-number' }
  /** What is none of the values becomes the default. */
  | { readonly how: 'enum'; readonly values: readonly string[]; readonly default: string }
  | { readonly how: 'struct'; readonly fields: readonly FieldStep[] }
  | { readonly how: 'list'; readonly element: Step }
  /** Places that the stored tuple lacks have no step: they are undefined. */
  | { readonly how: 'tuple'; readonly elements: readonly (Step | undefined)[] }
  | { readonly how: 'map'; readonly key: Step; readonly value: Step }
  /** Stored was a value or `nothing`, which becomes `absent`. */
  | {
      readonly how: 'presence'
      readonly of: Step
      /** Whether `of` leads to what the declared type says may be nothing, or to all of it. */
      readonly isInside: boolean
      readonly nothing: null | undefined
      readonly absent: Absent
    }
  /** Now it may be nothing, too. */
  | { readonly how: 'wrap'; readonly of: Step }
  /** By stored option: its place among the options now, -1 if they are none, and how. */
  | { readonly how: 'union'; readonly stored: readonly TypeSchema[]; readonly to: readonly To[] }
  /** Becomes this one of the options. */
  | { readonly how: 'option'; readonly to: To }
  /** First to what the declared type's former version was, then by its function. */
  | { readonly how: 'migrate'; readonly of: Step }

export interface To {
  readonly index: number
  readonly step: Step
}

/** A value that stands for none; a default is the bytes of the declared type in base64. */
export type Absent = 'undefined' | 'null' | { readonly default: string }

export interface FieldStep {
  readonly name: string
  /** The name in the stored struct; undefined for a field that it lacks. */
  readonly from: string | undefined
  readonly step: Step
  /** What it is if it is absent; undefined: absent again. */
  readonly default: string | undefined
}

export const SAME: Step = Object.freeze({ how: 'same' })

/** True if every value stays what it is. Those of structs do not: their fields get an order. */
export function keepsValues(step: Step): boolean {
  switch (step.how) {
    case 'same':
      return true
    case 'wrap':
      return keepsValues(step.of)
    case 'option':
      return keepsValues(step.to.step)
    case 'union':
      return step.to.every((to) => keepsValues(to.step))
    case 'list':
      return keepsValues(step.element)
    case 'tuple':
      return step.elements.every((element) => element !== undefined && keepsValues(element))
    case 'map':
      return keepsValues(step.key) && keepsValues(step.value)
    case 'to-bigint':
    case 'date-to-number':
    case 'enum':
    case 'struct':
    case 'presence':
    case 'migrate':
      return false
  }
}

/** False if two values might become one. */
export function keepsApart(step: Step): boolean {
  switch (step.how) {
    case 'same':
    case 'to-bigint':
    case 'date-to-number':
      return true
    case 'wrap':
      return keepsApart(step.of)
    case 'option':
      return keepsApart(step.to.step)
    case 'union':
      return step.to.every((to) => keepsApart(to.step))
    case 'list':
      return keepsApart(step.element)
    case 'tuple':
      return step.elements.every((element) => element === undefined || keepsApart(element))
    case 'map':
      return keepsApart(step.key) && keepsApart(step.value)
    case 'enum':
    case 'struct':
    case 'presence':
    case 'migrate':
      return false
  }
}
