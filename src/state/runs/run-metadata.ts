/** What a run says of itself: JSON at the start of its footer, checked as far as it is used. */
import type { ByteReader } from '../../util/bytes.ts'
import { STATE_KINDS } from '../descriptors.ts'
import type { KeyGroupRange } from '../key-groups.ts'
import { STATE_FORMAT_VERSION, type OperatorRecord } from '../snapshot.ts'
import { damagedFooter as damaged } from './damage.ts'

const METADATA_BYTES_MAX = 1 << 26

export interface RunMetadata {
  readonly jobName: string
  readonly checkpointId: number
  /** Leadership epoch of the writer. */
  readonly leaderEpoch: number
  readonly maxParallelism: number
  /** Of the task that wrote it. */
  readonly keyGroups: KeyGroupRange
  readonly operators: readonly OperatorRecord[]
  /** Ids of those that have timers or expiry marks in this run; undefined: nobody has looked. */
  readonly timedOperators?: readonly number[]
}

/** Reads what was written before the block index. Throws `STORAGE_CORRUPT`. */
export function readMetadata(input: ByteReader): RunMetadata {
  const length = input.varuint()
  if (length > METADATA_BYTES_MAX) throw damaged('its metadata is too long')
  let parsed: unknown
  try {
    parsed = JSON.parse(input.raw(length).toString('utf8'))
  } catch (cause) {
    throw damaged('its metadata is not JSON', cause)
  }
  // Bytes become a value here. The checksum says a Millrace wrote it; the shape of what is used
  // before the schemas are interpreted is checked, the schemas by whoever builds types from them.
  const found = parsed as (RunMetadata & { readonly formatVersion: number }) | null
  const sound =
    typeof found === 'object' &&
    found !== null &&
    found.formatVersion === STATE_FORMAT_VERSION &&
    typeof found.jobName === 'string' &&
    Number.isSafeInteger(found.checkpointId) &&
    Number.isSafeInteger(found.leaderEpoch) &&
    Number.isSafeInteger(found.maxParallelism) &&
    Number.isSafeInteger(found.keyGroups?.start) &&
    Number.isSafeInteger(found.keyGroups?.end) &&
    Array.isArray(found.operators) &&
    found.operators.every(isOperator) &&
    isListOfIds(found.timedOperators ?? [])
  if (!sound) throw damaged('its metadata is not that of a run')
  const { formatVersion: _, ...metadata } = found
  return metadata
}

function isOperator(operator: Partial<OperatorRecord> | null): boolean {
  return (
    Number.isSafeInteger(operator?.id) &&
    typeof operator?.uid === 'string' &&
    isListOf(operator.states, isState) &&
    isListOf(operator.timers ?? [], isNamed) &&
    isListOf(operator.formerTypes ?? [], isFormer)
  )
}

function isListOfIds(list: unknown): boolean {
  return Array.isArray(list) && list.every((id) => Number.isSafeInteger(id))
}

type Fields = Readonly<Record<string, unknown>>

function isListOf(list: unknown, isItem: (item: Fields) => boolean): boolean {
  // What is an object, and no null, has fields.
  const isSound = (item: unknown) =>
    typeof item === 'object' && item !== null && isItem(item as Fields)
  return Array.isArray(list) && list.every(isSound)
}

function isState(state: Fields): boolean {
  const isKnown = STATE_KINDS.some((kind) => kind === state['kind'])
  return Number.isSafeInteger(state['id']) && isNamed(state) && isKnown
}

function isNamed({ name }: Fields): boolean {
  return typeof name === 'string'
}

function isFormer({ id, states = [], timers = [], operatorStates = [] }: Fields): boolean {
  const lists = [states, timers, operatorStates]
  return Number.isSafeInteger(id) && lists.every((list) => isListOf(list, () => true))
}
