/**
 * State without keys that was written under types of an older age, as it is written now. It is
 * small and read whole, so it is converted before its operator sees it.
 */
import { readKey, writeKey } from '../types/keys.ts'
import type { Type } from '../types/type.ts'
import { ByteReader, ByteWriter } from '../util/bytes.ts'
import { SchemaHistory } from './schema-history.ts'
import type { OperatorRecord, OperatorStateEntry } from './snapshot.ts'

/**
 * The entries of one operator.
 *
 * @param types those of its states without keys, as they are declared now.
 */
export function evolvedRecords(
  entries: readonly OperatorStateEntry[],
  record: OperatorRecord,
  types: Readonly<Record<string, { readonly type: Type<unknown> }>>,
): readonly OperatorStateEntry[] {
  const history = new SchemaHistory(record)
  return entries.map((entry) => {
    const { name, kind, value, schemaId: age = 0, ...rest } = entry
    const what = { operatorState: name }
    const type = Object.hasOwn(types, name) ? types[name]?.type : undefined
    if (type === undefined || history.storedType(age, what) === undefined) return entry
    const read = history.reader(age, what, type)
    const input = new ByteReader(value)
    const out = new ByteWriter()
    if (kind === 'broadcast') {
      const count = input.varuint()
      out.varuint(count)
      for (let index = 0; index < count; index++) {
        writeKey(readKey(input), out)
        type.write(read(input), out)
      }
    } else type.write(read(input), out)
    out.raw(input.raw(input.remaining)) // nothing, or damage that the reader is to find
    return { ...rest, name, kind, value: out.copy() }
  })
}
