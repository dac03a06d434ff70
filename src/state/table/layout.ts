/**
 * Where things lie in the record of a row. Records are fixed in length and lie in one buffer seen
 * as 64-bit lanes and 32-bit words; numbers are held in lanes, so that a table of numbers is no
 * work for the garbage collector. Anything else is held in arrays beside the records.
 *
 *     word 0  route hash        word 2  flags
 *     word 1  epoch             word 3  presence of scalar states 0 to 15, two bits each
 *     lane 2… one for each scalar state that may be a number, two for each that has a time to live,
 *             then presence of states 16 and on
 *     last    the key: a number in one lane, or a short text in several; any other key lies beside
 */
import type { Type, TypeSchema } from '../../types/type.ts'
import type { StateDescriptor, StateKind } from '../descriptors.ts'
import type { OperatorRecord } from '../snapshot.ts'
import type { TimeToLive } from '../ttl.ts'
import { assert, required } from '../../util/assert.ts'

export const WORD_HASH = 0
/** The epoch in which the scalar states were last changed; 0 if never since they were loaded. */
export const WORD_EPOCH = 1
export const WORD_FLAGS = 2
export const WORD_PRESENCE = 3
const LANES_BEFORE_VALUES = 2
/** A record with a text is this long, a line of the processor's caches, if it has few states. */
const TEXT_RECORD_LANES = 8
/** Room for a text of 23 bytes at least. */
const TEXT_LANES_MIN = 3
const STATES_PER_WORD = 16

/** The slot holds a row. A slot without flags is free. */
export const ROW_TAKEN = 1
/** The key is a number and lies in its lane. */
export const ROW_NUMBER_KEY = 2
/** Used since the clock hand last passed. */
export const ROW_REFERENCED = 4
/** An earlier run, or the store below, may hold an entry of the scalar states. */
export const ROW_BELOW = 8
/** The store below does not know the newest values. */
export const ROW_STALE = 16
/** Something of it was removed: perhaps nothing is left. */
export const ROW_THINNED = 32
/** The store below has a record of it. */
export const ROW_RECORDED = 64
/** The key is a text and lies in its lanes: see `key-text.ts`. */
export const ROW_TEXT_KEY = 128

export const NOTHING = 0
export const A_NUMBER = 1
export const AN_OBJECT = 2

/** A value, reducing, aggregating or counter state as a part of the record. */
export interface Scalar {
  readonly stateId: number
  readonly name: string
  readonly type: Type<unknown>
  readonly descriptor: StateDescriptor
  /** Place among the scalars, and in the arrays beside the records. */
  readonly ordinal: number
  /** -1 if no value of the type is a number. */
  readonly lane: number
  readonly presenceWord: number
  readonly presenceShift: number
  /** With time-to-live: the lane of the last touch in ms + 1, 0 for none; else -1. */
  readonly stampLane: number
  /** With time-to-live: the lane of the time for which a mark is known to be set, 0 for none. */
  readonly markLane: number
}

/** Values of maps that lie packed. */
export type Packing = 'number' | 'boolean'
export type CollectionKind = 'list' | 'map' | 'sorted-map' | 'set' | 'deque'

/** A state of many entries. But for lists, each has a user key: a set's element, a position. */
export interface CollectionState {
  readonly stateId: number
  readonly name: string
  readonly kind: CollectionKind
  /** Of the elements, or of the map's values. */
  readonly type: Type<unknown>
  /** Of the user keys; undefined if they are numbers of ours. */
  readonly keyType: Type<unknown> | undefined
  readonly ttl: TimeToLive | undefined
  /** What values are held as, where entries lie packed (of sets: anything); else undefined. */
  readonly packing: Packing | undefined
  /** Place among the collections. */
  readonly ordinal: number
}

export interface RecordLayout {
  /** Length of a record in lanes, where no text lies in it. */
  readonly stride: number
  /** The same where keys that are texts do. */
  readonly textStride: number
  /** Where the key begins. */
  readonly keyLane: number
  readonly scalars: readonly Scalar[]
  readonly collections: readonly CollectionState[]
}

/**
 * The layout for the declared states; they come in the order of the record's. Where a store lies
 * below, `isWhole` is false: entries must be able to leave memory one by one.
 */
export function layoutOf(
  record: OperatorRecord,
  descriptors: Readonly<Record<string, StateDescriptor>>,
  isWhole = false,
): RecordLayout {
  const names = Object.keys(descriptors)
  assert(
    names.length === record.states.length &&
      record.states.every((state, index) => state.name === names[index]),
    `the states of "${record.uid}" are [${names.join()}], its record lists others`,
  )
  const declared = record.states.map((state) => ({
    state,
    descriptor: required(descriptors[state.name], `no descriptor of ${state.name}`),
  }))
  const isScalar = ({ descriptor: { kind } }: (typeof declared)[number]): boolean =>
    collectionKindOf(kind) === undefined
  let lanes = LANES_BEFORE_VALUES
  const flat = declared.filter(isScalar).map(({ state, descriptor }, ordinal) => {
    const lane = mayBeNumber(descriptor.type.schema) ? lanes++ : -1
    const { id: stateId, name } = state
    const isMortal = descriptor.ttl !== undefined
    const [stampLane, markLane] = isMortal ? [lanes++, lanes++] : [-1, -1]
    const { type } = descriptor
    return { stateId, name, type, descriptor, ordinal, lane, stampLane, markLane }
  })
  const scalars = flat.map((scalar) => {
    const group = Math.floor(scalar.ordinal / STATES_PER_WORD)
    const presenceWord = group === 0 ? WORD_PRESENCE : 2 * lanes + group - 1
    const presenceShift = 2 * (scalar.ordinal % STATES_PER_WORD)
    return Object.freeze({ ...scalar, presenceWord, presenceShift })
  })
  const groups = Math.ceil(scalars.length / STATES_PER_WORD)
  const collections = declared
    .filter((each) => !isScalar(each))
    .map(({ state, descriptor }, ordinal) =>
      Object.freeze<CollectionState>({
        stateId: state.id,
        name: state.name,
        kind: required(collectionKindOf(descriptor.kind), 'a collection'),
        type: descriptor.kind === 'set' ? NO_VALUE : descriptor.type,
        keyType: descriptor.kind === 'set' ? descriptor.type : descriptor.keyType,
        ttl: descriptor.ttl,
        packing: isWhole ? packingOf(descriptor) : undefined,
        ordinal,
      }),
    )
  const keyLane = lanes + Math.ceil(Math.max(0, groups - 1) / 2)
  return Object.freeze({
    stride: keyLane + 1,
    textStride: Math.max(TEXT_RECORD_LANES, keyLane + TEXT_LANES_MIN),
    keyLane,
    scalars,
    collections,
  })
}

/** What the entries of a set hold besides their key. */
const NO_VALUE: Type<unknown> = Object.freeze<Type<unknown>>({
  schema: { kind: 'literal', value: null },
  copyOnRead: false,
  write() {},
  read: () => undefined,
  isolate: () => undefined,
})

const NUMBERS: ReadonlySet<string> = new Set(['int32', 'float64', 'timestamp'])

/** Maps and sets of numbers lie packed; those with a time to live have stamps besides. */
function packingOf({ kind, type, keyType, ttl }: StateDescriptor): Packing | undefined {
  if (ttl !== undefined) return undefined
  if (kind === 'set') return NUMBERS.has(type.schema.kind) ? 'number' : undefined
  if (kind !== 'map' || keyType === undefined || !NUMBERS.has(keyType.schema.kind)) return undefined
  if (type.schema.kind === 'boolean') return 'boolean'
  return NUMBERS.has(type.schema.kind) ? 'number' : undefined
}

function collectionKindOf(kind: StateKind): CollectionKind | undefined {
  switch (kind) {
    case 'list':
    case 'map':
    case 'sorted-map':
    case 'set':
    case 'deque':
      return kind
    case 'value':
    case 'reducing':
    case 'aggregating':
    case 'counter':
      return undefined
  }
}

const NUMBER_KINDS: ReadonlySet<string> = new Set([
  'int32',
  'float64',
  'timestamp',
  'json',
  'dynamic',
])

function mayBeNumber(schema: TypeSchema): boolean {
  if (schema.kind === 'literal') return typeof schema.value === 'number'
  if (schema.kind === 'optional' || schema.kind === 'nullable') return mayBeNumber(schema.of)
  if (schema.kind === 'union') return schema.options.some(mayBeNumber)
  return NUMBER_KINDS.has(schema.kind)
}
