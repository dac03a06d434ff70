/** The handles of a table, by kind, that tell a shadow of what is written through them. */
import type { KeyedStateTable, OperatorStateSpec } from '../../src/state/backend.ts'
import type { CounterState, DequeState, SetState } from '../../src/state/collection-handles.ts'
import type { StateDescriptor } from '../../src/state/descriptors.ts'
import type { FoldedMap, FoldingState, ListState, ValueState } from '../../src/state/handles.ts'
import type { StateRecord } from '../../src/state/snapshot.ts'
import { t } from '../../src/types/t.ts'
import { required } from '../../src/util/assert.ts'
import { collectionOf, dequeFact, listFact, scalarFact, type StateFacts, UNKNOWN } from './facts.ts'
import type { Shadow } from './shadow.ts'

interface Followed {
  readonly handle: unknown
  readonly shadow: Shadow
  readonly stateId: number
  readonly descriptor: StateDescriptor
  readonly isMortal: boolean
}

/** Follows all handles; what is known of each state, by its id. */
export function followHandles(
  { record, descriptors }: OperatorStateSpec,
  handles: Readonly<Record<string, unknown>>,
  shadow: Shadow,
): ReadonlyMap<number, StateFacts> {
  const known = new Map<number, StateFacts>()
  for (const state of record.states) {
    const descriptor = descriptors[state.name]
    const handle = handles[state.name]
    if (descriptor === undefined || handle === undefined) continue
    const isMortal = descriptor.ttl !== undefined
    known.set(state.id, { kind: kindOf(state), isMortal })
    follow({ handle, shadow, stateId: state.id, descriptor, isMortal })
  }
  return known
}

/** The same for what adds to many keys at once, without handles. */
export function followAdders(
  { record }: OperatorStateSpec,
  table: KeyedStateTable,
  shadow: Shadow,
) {
  const adderOf = table.adderOf?.bind(table)
  if (adderOf === undefined) return
  table.adderOf = (name) => {
    const adder = adderOf(name)
    const state = record.states.find((each) => each.name === name)
    if (adder === undefined || state === undefined) return adder
    const addEach = adder.addEach.bind(adder)
    adder.addEach = (keys, hashes, end, amounts, sums) => {
      try {
        addEach(keys, hashes, end, amounts, sums)
      } finally {
        for (let at = 0; at < adder.at; at++) {
          const fact = scalarFact(shadow.rowOf(keys[at]), state.id)
          shadow.note(fact, shadow.textOf(sums[at], t.float64), false)
        }
      }
    }
    return adder
  }
}

function kindOf({ kind }: StateRecord): StateFacts['kind'] {
  if (kind === 'list' || kind === 'deque') return kind
  return kind === 'map' || kind === 'sorted-map' || kind === 'set' ? 'entries' : 'scalar'
}

function follow(followed: Followed): void {
  switch (followed.descriptor.kind) {
    case 'value':
      return followValue(followed)
    case 'counter':
      return followCounter(followed)
    case 'reducing':
    case 'aggregating':
      return followFold(followed)
    case 'map':
    case 'sorted-map':
      return followMap(followed)
    case 'set':
      return followSet(followed)
    case 'list':
      return followList(followed)
    case 'deque':
      return followDeque(followed)
  }
}

/** Puts in the place of a method of an object one that calls it, and more. */
function followClear(handle: { clear(): void }, then: () => void): void {
  const clear = handle.clear.bind(handle)
  handle.clear = () => {
    clear()
    then()
  }
}

function followValue({ handle, shadow, stateId, descriptor, isMortal }: Followed): void {
  const state = handle as ValueState<unknown, unknown> // of its kind
  const { type, initial } = descriptor
  const name = (): string => scalarFact(shadow.row(), stateId)
  const update = state.update.bind(state)
  state.update = (value) => {
    update(value)
    shadow.noteValue(name(), value, type, isMortal)
  }
  followClear(state, () => shadow.forget(name()))
  if (isMortal || initial !== undefined) return
  const read = state.value.bind(state)
  state.value = () => {
    const value = read()
    const text = value === undefined ? undefined : shadow.textOf(value, type)
    shadow.compare(name(), text)
    return value
  }
}

function followCounter({ handle, shadow, stateId, descriptor, isMortal }: Followed): void {
  const state = handle as CounterState // of its kind
  const name = (): string => scalarFact(shadow.row(), stateId)
  const add = state.add.bind(state)
  state.add = (amount) => {
    const sum = add(amount)
    shadow.note(name(), shadow.textOf(sum, descriptor.type), isMortal)
    return sum
  }
  followClear(state, () => shadow.forget(name()))
}

function followFold({ handle, shadow, stateId, descriptor, isMortal }: Followed): void {
  const state = handle as FoldingState<unknown, unknown> // of its kind
  const name = (): string => scalarFact(shadow.row(), stateId)
  const add = state.add.bind(state)
  const isReducing = descriptor.kind === 'reducing'
  state.add = (value) => {
    add(value)
    // Accumulators of aggregates are nobody's but theirs.
    if (!isReducing) return shadow.note(name(), '', isMortal, UNKNOWN)
    shadow.note(name(), shadow.textOf(state.get(), descriptor.type), isMortal)
  }
  followClear(state, () => shadow.forget(name()))
}

function followMap({ handle, shadow, stateId, descriptor, isMortal }: Followed): void {
  const state = handle as FoldedMap<unknown, unknown> // of its kind
  const name = (key: unknown): string => collectionOf(shadow.row(), stateId) + shadow.keyText(key)
  const set = state.set.bind(state)
  state.set = (key, value) => {
    set(key, value)
    shadow.noteValue(name(key), value, descriptor.type, isMortal)
  }
  const remove = state.delete.bind(state)
  state.delete = (key) => {
    remove(key)
    shadow.forget(name(key))
  }
  followClear(state, () => shadow.forgetAll(collectionOf(shadow.row(), stateId)))
  if (isMortal) return
  const expect = (key: unknown, value: unknown): void => {
    const text = value === undefined ? undefined : shadow.textOf(value, descriptor.type)
    shadow.compare(name(key), text)
  }
  const get = state.get.bind(state)
  state.get = (key) => {
    const value = get(key)
    expect(key, value)
    return value
  }
  const fold = state.fold.bind(state)
  state.fold = (key, by, value) => {
    let folded: unknown
    const { changesInPlace } = by
    const first = (one: unknown) => (folded = by.first(one))
    const add = (held: unknown, one: unknown) => {
      expect(key, held)
      return (folded = by.add(held, one))
    }
    const isFirst = fold(key, { first, add, changesInPlace }, value)
    shadow.noteValue(name(key), folded, descriptor.type, false)
    return isFirst
  }
}

function followSet({ handle, shadow, stateId, isMortal }: Followed): void {
  const state = handle as SetState<unknown> // of its kind
  const name = (key: unknown): string => collectionOf(shadow.row(), stateId) + shadow.keyText(key)
  const add = state.add.bind(state)
  state.add = (value) => {
    add(value)
    shadow.note(name(value), '', isMortal)
  }
  const remove = state.delete.bind(state)
  state.delete = (value) => {
    remove(value)
    shadow.forget(name(value))
  }
  followClear(state, () => shadow.forgetAll(collectionOf(shadow.row(), stateId)))
  if (isMortal) return
  const has = state.has.bind(state)
  state.has = (value) => {
    const isThere = has(value)
    shadow.compare(name(value), isThere ? '' : undefined)
    return isThere
  }
}

function followList({ handle, shadow, stateId, descriptor, isMortal }: Followed): void {
  if (isMortal) return
  const state = handle as ListState<unknown> // of its kind
  const name = (): string => listFact(collectionOf(shadow.row(), stateId))
  const textsOf = (values: readonly unknown[]): string =>
    values.map((value) => shadow.textOf(value, descriptor.type)).join('')
  const append = (values: readonly unknown[]): void => {
    if (values.length === 0) return
    const former = shadow.memory.facts.get(name())
    const isOlder = former !== undefined && former.age !== shadow.age
    const text = `${String(former?.text ?? '')}${textsOf(values)}`
    shadow.note(name(), text, false, isOlder ? UNKNOWN : shadow.age)
  }
  const add = state.add.bind(state)
  const addAll = state.addAll.bind(state)
  const update = state.update.bind(state)
  state.add = (value) => {
    add(value)
    append([value])
  }
  state.addAll = (values) => {
    const all = [...values]
    addAll(all)
    append(all)
  }
  state.update = (values) => {
    const all = [...values]
    update(all)
    shadow.forget(name())
    append(all)
  }
  followClear(state, () => shadow.forget(name()))
}

function followDeque({ handle, shadow, stateId, descriptor, isMortal }: Followed): void {
  if (isMortal) return
  const state = handle as DequeState<unknown> // of its kind
  const name = (): string => dequeFact(collectionOf(shadow.row(), stateId))
  const change = (by: (texts: readonly string[]) => readonly string[], isWrite: boolean): void => {
    const former = shadow.memory.facts.get(name())
    const texts = former === undefined ? [] : required(asList(former.text), 'a deque has a list')
    const next = by(texts)
    if (next.length === 0) return shadow.forget(name())
    const isOlder = former !== undefined && former.age !== shadow.age
    const age = isOlder ? (isWrite ? UNKNOWN : former.age) : shadow.age
    shadow.note(name(), next, false, age)
  }
  const pushFirst = state.pushFirst.bind(state)
  const pushLast = state.pushLast.bind(state)
  const popFirst = state.popFirst.bind(state)
  const popLast = state.popLast.bind(state)
  state.pushFirst = (value) => {
    pushFirst(value)
    change((texts) => [shadow.textOf(value, descriptor.type), ...texts], true)
  }
  state.pushLast = (value) => {
    pushLast(value)
    change((texts) => [...texts, shadow.textOf(value, descriptor.type)], true)
  }
  state.popFirst = () => {
    const value = popFirst()
    change((texts) => texts.slice(1), false)
    return value
  }
  state.popLast = () => {
    const value = popLast()
    change((texts) => texts.slice(0, -1), false)
    return value
  }
  followClear(state, () => shadow.forget(name()))
}

const asList = (text: string | readonly string[]): readonly string[] | undefined =>
  typeof text === 'string' ? undefined : text
