/** What users give of a new operator, key by key, as entries. */
import { MillraceError } from '../errors.ts'
import type { Entry } from '../state/backend.ts'
import type { OperatorRecord } from '../state/snapshot.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import { typeFromSchema } from '../types/schema.ts'
import type { TimerDomain } from '../time/timers.ts'
import { ByteSlab } from '../util/byte-slab.ts'
import type { NewOperator } from './changes.ts'
import { keyless } from './new-operator.ts'
import { RowEncoder } from './row-encoder.ts'
import { timerEntry } from './sorted-entries.ts'

/** An entry as it comes from another snapshot: also with timers that nobody declares. */
export interface MovedEntry {
  readonly key: unknown
  readonly states: Readonly<Record<string, unknown>>
  readonly stampMs?: number
  readonly timers?: readonly MovedTimer[]
}

interface MovedTimer {
  readonly name: string
  readonly timeMs: number
  readonly payload?: unknown
  readonly domain?: TimerDomain
}

/** In the order in which they are given. Throws `TYPE_MISMATCH`, `STATE_UNKNOWN`. */
export async function* newEntries(
  record: OperatorRecord,
  { owner, entries }: NewOperator,
  maxParallelism: number,
): AsyncGenerator<Entry> {
  const slab = new ByteSlab()
  const encoder = new RowEncoder(record, maxParallelism)
  const keyType = record.keyType === undefined ? undefined : typeFromSchema(record.keyType)
  const declared: TimerSchema = owner.timers ?? {}
  for await (const given of entries) {
    if (keyType === undefined) throw keyless(record.uid)
    // Nothing else is made into a new operator; the types of the states check what is in it.
    const { key, states, timers = [], stampMs } = given as MovedEntry
    yield* encoder.encode(key, states, [], stampMs)
    for (const { name, timeMs, payload, domain } of timers) {
      const isOwn = Object.hasOwn(declared, name)
      const plain = domain === undefined ? undefined : { domain, payload: undefined }
      const descriptor = isOwn ? declared[name] : plain
      if (descriptor === undefined) throw unknownTimer(record.uid, name, Object.keys(declared))
      const isolated = keyType.isolate(key)
      const timer = { key: isolated, name, timeMs, payload }
      yield timerEntry(record.id, maxParallelism, timer, descriptor, slab)
    }
  }
}

function unknownTimer(uid: string, name: string, known: readonly string[]): MillraceError {
  return new MillraceError('STATE_UNKNOWN', `"${uid}" declares no timer "${name}"`, {
    cure: known.length === 0 ? 'it declares none' : `its timers are: ${known.join(', ')}`,
  })
}
