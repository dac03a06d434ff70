/**
 * Whose a key is: what can be erased as one. The bytes of a subject are those of a key, so that the
 * text "7" and the number 7 are two subjects, and so that the command line can name each.
 */
import { MillraceError } from '../../errors.ts'
import { writeKey } from '../../types/keys.ts'
import { ByteWriter } from '../../util/bytes.ts'

/** A person, or whatever else can be erased: a text, a number or bytes. */
export type Subject = string | number | Uint8Array

/** Whose a key is: a text, a number or bytes. The same for the same key, always and everywhere. */
export type SubjectOf = (key: unknown) => unknown

const out = new ByteWriter()

/** What sealing asks of an operator. */
export interface ShreddedOperator {
  readonly uid: string
  readonly subjectOf: SubjectOf
}

/** By their ids. */
export type ShreddedOperators = ReadonlyMap<number, ShreddedOperator>

/** The bytes by which a subject is known. Throws `TYPE_MISMATCH` for what cannot be one. */
export function subjectBytes(subject: unknown, operator: string): Uint8Array {
  const isSubject =
    typeof subject === 'string' || typeof subject === 'number' || subject instanceof Uint8Array
  if (!isSubject) {
    const what = subject === null ? 'null' : `a value of type ${typeof subject}`
    throw new MillraceError('TYPE_MISMATCH', `shredBy of "${operator}" gave ${what}`, {
      cure: 'return a string, a number or a Uint8Array for each key',
      details: { operator },
    })
  }
  out.reset()
  writeKey(subject, out)
  return out.copy()
}
