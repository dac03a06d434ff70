/** The policy for records that cannot be read, and what is said about one. */
import { MillraceError } from '../../errors.ts'
import type { MalformedRecord } from '../../operators/source.ts'
import type { Refusal } from './parsed-batch.ts'

/**
 * What happens to a record that cannot be read: the job fails, it is left out and counted, or it
 * goes to the side output `malformedTag`.
 */
export type MalformedPolicy = 'fail' | 'skip' | 'side-output'

const MESSAGE_CHARS_MAX = 200

/** `linesBefore` is the number of lines in the file before the batch of the refusal. */
export function malformedRecord(
  file: string,
  linesBefore: number,
  refusal: Refusal,
): MalformedRecord {
  const { offset, text, reason } = refusal
  return { file, line: linesBefore + refusal.linesBefore + 1, offset, text, reason }
}

export function malformedError(record: MalformedRecord): MillraceError {
  const { file, line, offset, reason } = record
  const shown = JSON.stringify(record.text.slice(0, MESSAGE_CHARS_MAX))
  return new MillraceError(
    'CONNECTOR_MALFORMED_RECORD',
    `${file}:${line} (byte ${offset}) cannot be read: ${reason}: ${shown}`,
    { details: { file, line, offset, reason } },
  )
}
