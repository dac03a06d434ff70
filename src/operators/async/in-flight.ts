/**
 * Records under way, as operator state: a list that is spread over the subtasks when their number
 * changes, beside the type they are of. Each says which watermark had come before it, so that it
 * takes its place between the watermarks again.
 *
 *     in-flight        float64 watermark · float64 timestamp · the record
 *     in-flight type   the schema of the records, as JSON text; in every subtask's snapshot
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import type { OperatorStateEntry } from '../../state/snapshot.ts'
import { compareSchemas } from '../../types/evolution.ts'
import type { Type, TypeSchema } from '../../types/type.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Kept } from './queue.ts'

const RECORDS = 'in-flight'
const TYPE = 'in-flight type'

export function encodeInFlight(
  operatorId: number,
  type: Type<unknown>,
  records: Iterable<Kept>,
): readonly OperatorStateEntry[] {
  const out = new ByteWriter()
  const entries: OperatorStateEntry[] = []
  for (const { value, timestamp, after } of records) {
    out.reset()
    out.float64LE(after)
    out.float64LE(timestamp)
    type.write(value, out)
    entries.push({ operatorId, kind: 'operator-list', name: RECORDS, value: out.copy() })
  }
  if (entries.length === 0) return entries
  const schema = Buffer.from(JSON.stringify(type.schema))
  return [...entries, { operatorId, kind: 'union-list', name: TYPE, value: schema }]
}

/**
 * In the order in which they are to be taken: by watermark, then as they came.
 *
 * @throws `CHECKPOINT_INCOMPATIBLE` if they are of another type than the stream is now.
 */
export function decodeInFlight(
  entries: readonly OperatorStateEntry[],
  type: Type<unknown>,
  uid: string,
): readonly Kept[] {
  for (const { name, value } of entries) {
    // What `encodeInFlight` wrote there is a schema.
    if (name === TYPE) requireSame(JSON.parse(Buffer.from(value).toString()) as TypeSchema)
  }
  const records = entries
    .filter(({ name }) => name === RECORDS)
    .map(({ value: bytes }): Kept => {
      const input = new ByteReader(bytes)
      const after = input.float64LE()
      const timestamp = input.float64LE()
      return { after, timestamp, value: type.read(input) }
    })
  return records.toSorted((a, b) => compare(a.after, b.after))

  function requireSame(stored: TypeSchema): void {
    const compared = compareSchemas(stored, type.schema)
    if (compared.verdict === 'same') return
    const what = `"${uid}" has calls under way for records of another type: ${compared.why}`
    throw new MillraceError('CHECKPOINT_INCOMPATIBLE', what, {
      cure: 'stop the old job with --drain, which waits for its calls, or give the new type a uid',
      details: { operator: uid },
    })
  }
}

/** Infinities are equal to themselves: their difference would be no number. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
