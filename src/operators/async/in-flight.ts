/**
 * Records under way, as operator state: a list that is spread over the subtasks when their number
 * changes. Each says which watermark had come before it, so that it takes its place between the
 * watermarks again. The state is declared in the graph: what no longer fits it is refused.
 */
import type { NonKeyedState } from '../../state/operator-descriptors.ts'
import type { OperatorStateEntry } from '../../state/snapshot.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Kept } from './queue.ts'

const NAME = 'in-flight'

/** As an element of the list. */
export type InFlightType = Type<Kept>

/** @param record the type of the records that come in. */
export function inFlightType(record: Type<unknown>): InFlightType {
  return t.struct({ after: t.float64, timestamp: t.float64, value: record })
}

/** What the graph says of it. */
export function inFlightState(type: InFlightType): Readonly<Record<string, NonKeyedState>> {
  return { [NAME]: { kind: 'operator-list', type } }
}

export function encodeInFlight(
  operatorId: number,
  type: InFlightType,
  records: Iterable<Kept>,
): readonly OperatorStateEntry[] {
  const out = new ByteWriter()
  return Array.from(records, (record) => {
    out.reset()
    type.write(record, out)
    return { operatorId, kind: 'operator-list', name: NAME, value: out.copy() }
  })
}

/** In the order in which they are to be taken: by watermark, then as they came. */
export function decodeInFlight(
  entries: readonly OperatorStateEntry[],
  type: InFlightType,
): readonly Kept[] {
  return entries
    .filter(({ name }) => name === NAME)
    .map(({ value }) => type.read(new ByteReader(value)))
    .toSorted((a, b) => compare(a.after, b.after))
}

/** Infinities are equal to themselves: their difference would be no number. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
