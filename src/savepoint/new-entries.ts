/** What users give of a new operator, key by key, as entries. */
import { MillraceError } from '../errors.ts'
import type { Entry } from '../state/backend.ts'
import type { OperatorRecord } from '../state/snapshot.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import { typeFromSchema } from '../types/schema.ts'
import type { NewOperator, StateEntry } from './changes.ts'
import { RowEncoder } from './row-encoder.ts'
import { timerEntry } from './sorted-entries.ts'

/** In the order in which they are given. Throws `TYPE_MISMATCH`, `STATE_UNKNOWN`. */
export async function* newEntries(
  record: OperatorRecord,
  { owner, entries }: NewOperator,
  maxParallelism: number,
): AsyncGenerator<Entry> {
  const encoder = new RowEncoder(record, maxParallelism)
  const keyType = record.keyType === undefined ? undefined : typeFromSchema(record.keyType)
  const declared: TimerSchema = owner.timers ?? {}
  for await (const given of entries) {
    // `fromIterable` takes nothing else; what is in it is checked by the types of the states.
    const { key, states, timers = [] } = given as StateEntry<unknown, {}, TimerSchema>
    yield* encoder.encode(key, states)
    for (const { name, timeMs, payload } of timers) {
      const descriptor = declared[name]
      if (descriptor === undefined) throw unknownTimer(record.uid, name, Object.keys(declared))
      const isolated = keyType === undefined ? key : keyType.isolate(key)
      const timer = { key: isolated, name, timeMs, payload }
      yield timerEntry(record.id, maxParallelism, timer, descriptor)
    }
  }
}

function unknownTimer(uid: string, name: string, known: readonly string[]): MillraceError {
  return new MillraceError('STATE_UNKNOWN', `"${uid}" declares no timer "${name}"`, {
    cure: known.length === 0 ? 'it declares none' : `its timers are: ${known.join(', ')}`,
  })
}
