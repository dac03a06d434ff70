/**
 * Marks objects that a type has copied and deeply frozen, so that isolating them again costs
 * nothing. The mark is a private field, set on foreign objects through the constructor-return
 * rule: nobody else can see, copy or forge it, and testing it is one inline-cached look-up. A
 * user's own shallow `Object.freeze` therefore never passes for isolation.
 */
import type { Type } from './type.ts'

class ReturnsArgument {
  constructor(target: object) {
    // oxlint-disable-next-line no-constructor-return -- the rule this file is built on
    return target
  }
}

class Mark extends ReturnsArgument {
  readonly #by: unknown

  constructor(target: object, by: unknown) {
    super(target)
    this.#by = by
  }

  static by(target: object): unknown {
    return #by in target ? target.#by : undefined
  }

  static isOn(target: object): boolean {
    return #by in target
  }
}

/** Freezes a fresh copy whose parts are isolated already, and marks it as made by `by`. */
export function seal<T extends object>(copy: T, by: unknown): T {
  // Marked before it is frozen: a frozen object may refuse new private fields in future engines.
  new Mark(copy, by)
  return Object.freeze(copy)
}

/** True if `seal(value, by)` made it. */
export function isSealedBy(value: object, by: unknown): boolean {
  return Mark.by(value) === by
}

/** True if `seal` made it, for whichever type. */
export function isSealed(value: object): boolean {
  return Mark.isOn(value)
}

/**
 * What a read from state may hand out, given the isolated value that the state holds: the value
 * itself where nobody can change it, else a copy.
 */
export function readIsolated<T>(type: Type<T>, value: T): T {
  if (typeof value !== 'object' || value === null || !type.copyOnRead) return value
  return type.isolate(value)
}
