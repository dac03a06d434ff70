/**
 * Takes back what a call has done to the state of its key. Each write notes first how things were;
 * undone, the steps run in reverse. They are writes like any other, so cuts and checkpoints see
 * nothing but a state that is as it was.
 */
import type { CounterState, DequeState, SetState } from '../../state/collection-handles.ts'
import type { StateDescriptor } from '../../state/descriptors.ts'
import type { FoldingState, ListState, MapState, ValueState } from '../../state/handles.ts'
import { copyOf, isOwned } from '../../types/owned.ts'
import type { Type } from '../../types/type.ts'

type Step = () => void
/** Looks at the state before a write; gives what takes it back. */
type Keep = (...args: readonly unknown[]) => Step
type Method = (...args: unknown[]) => unknown

/** What scalar handles say besides: whether the key has a value, other than its initial one. */
interface Scalar {
  readonly isSet: boolean
}

export class UndoLog {
  /** Writes are noted while it is true. */
  isOpen = false
  readonly #steps: Step[] = []

  /** Has the writes of a handle noted from now on. */
  follow(handle: unknown, state: Pick<StateDescriptor, 'kind'> & Partial<StateDescriptor>): void {
    const target = handle as object // handles are objects
    for (const [method, keep] of Object.entries(keepsOf(handle, state))) {
      this.#before(target, method, keep)
    }
  }

  /** Something else that is to be taken back, between the writes. */
  add(step: Step): void {
    this.#steps.push(step)
  }

  /** How many steps are noted. */
  get count(): number {
    return this.#steps.length
  }

  forget(): void {
    this.#steps.length = 0
  }

  /** Takes back all but the first `count`. */
  undo(count: number): void {
    const wasOpen = this.isOpen
    this.isOpen = false
    while (this.#steps.length > count) this.#steps.pop()?.()
    this.isOpen = wasOpen
  }

  #before(target: object, name: string, keep: Keep): void {
    const method = Reflect.get(target, name) as Method // a write of the handle's kind
    const value = (...args: unknown[]): unknown => {
      if (this.isOpen) this.#steps.push(keep(...args))
      return method.apply(target, args)
    }
    Object.defineProperty(target, name, { value, configurable: true, writable: true })
  }
}

/** For each method that writes: the handle is of the kind. */
function keepsOf(
  handle: unknown,
  { kind, type }: Pick<StateDescriptor, 'kind'> & Partial<StateDescriptor>,
): Readonly<Record<string, Keep>> {
  const former = formerOf(type)
  switch (kind) {
    case 'value':
      return keepsOfValue(handle as ValueState<unknown, unknown> & Scalar, former)
    case 'counter':
      return keepsOfCounter(handle as CounterState & Scalar)
    case 'reducing':
      return keepsOfReducing(handle as FoldingState<unknown, unknown> & Scalar)
    case 'aggregating': {
      const state = handle as { keep(): Step }
      return { add: () => state.keep(), clear: () => state.keep() }
    }
    case 'map':
    case 'sorted-map':
      return keepsOfMap(handle as MapState<unknown, unknown>, former)
    case 'set':
      return keepsOfSet(handle as SetState<unknown>)
    case 'list':
      return keepsOfList(handle as ListState<unknown>)
    case 'deque':
      return keepsOfDeque(handle as DequeState<unknown>)
  }
}

/** What a value is to be kept as: it may be one that changes in place. */
function formerOf(type: Type<unknown> | undefined): (value: unknown) => unknown {
  return type !== undefined && isOwned(type) ? (value) => copyOf(type, value) : (value) => value
}

function keepsOfValue(
  state: ValueState<unknown, unknown> & Scalar,
  formerOf: (value: unknown) => unknown,
): Record<string, Keep> {
  const keep: Keep = () => {
    if (!state.isSet) return () => state.clear()
    const former = formerOf(state.value())
    return () => state.update(former)
  }
  return { update: keep, clear: keep }
}

function keepsOfCounter(state: CounterState & Scalar): Record<string, Keep> {
  const keep: Keep = () => {
    if (!state.isSet) return () => state.clear()
    const former = state.value()
    return () => {
      state.clear()
      state.add(former)
    }
  }
  return { add: keep, increment: keep, clear: keep }
}

function keepsOfReducing(
  state: FoldingState<unknown, unknown> & Scalar,
): Readonly<Record<string, Keep>> {
  const keep: Keep = () => {
    if (!state.isSet) return () => state.clear()
    const former = state.get()
    return () => {
      // The first value is taken as it is.
      state.clear()
      state.add(former)
    }
  }
  return { add: keep, clear: keep }
}

function keepsOfMap(
  state: MapState<unknown, unknown>,
  formerOf: (value: unknown) => unknown,
): Record<string, Keep> {
  const keep: Keep = (key) => {
    if (!state.has(key)) return () => state.delete(key)
    const former = formerOf(state.get(key))
    return () => state.set(key, former)
  }
  const keepAll: Keep = () => {
    const former = Array.from(state.entries(), ([key, value]) => [key, formerOf(value)] as const)
    return () => {
      for (const [key, value] of former) state.set(key, value)
    }
  }
  return { set: keep, fold: keep, delete: keep, clear: keepAll }
}

function keepsOfSet(state: SetState<unknown>): Record<string, Keep> {
  const keep: Keep = (value) =>
    state.has(value) ? () => state.add(value) : () => state.delete(value)
  const keepAll: Keep = () => {
    const former = [...state.values()]
    return () => {
      for (const value of former) state.add(value)
    }
  }
  return { add: keep, delete: keep, clear: keepAll }
}

function keepsOfList(state: ListState<unknown>): Record<string, Keep> {
  const keepLength: Keep = () => {
    const { length } = state
    return () => state.update(state.get().slice(0, length))
  }
  const keepAll: Keep = () => {
    const former = state.get()
    return () => state.update(former)
  }
  return { add: keepLength, addAll: keepLength, update: keepAll, clear: keepAll }
}

function keepsOfDeque(state: DequeState<unknown>): Record<string, Keep> {
  /** A push that was refused has left nothing to take away. */
  const keepLength = (pop: () => unknown): Keep => {
    return () => {
      const { length } = state
      return () => {
        if (state.length > length) pop()
      }
    }
  }
  const keepEnd = (end: () => unknown, push: (value: unknown) => void): Keep => {
    return () => {
      if (state.length === 0) return () => undefined
      const former = end()
      return () => push(former)
    }
  }
  return {
    pushFirst: keepLength(() => state.popFirst()),
    pushLast: keepLength(() => state.popLast()),
    popFirst: keepEnd(
      () => state.first(),
      (value) => state.pushFirst(value),
    ),
    popLast: keepEnd(
      () => state.last(),
      (value) => state.pushLast(value),
    ),
    clear: () => {
      const former = [...state]
      return () => {
        for (const value of former) state.pushLast(value)
      }
    },
  }
}
