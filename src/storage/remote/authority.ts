/** Whom a store trusts over TLS: whom Node does, or the authorities in a file of its URL. */
import { readFileSync } from 'node:fs'
import { MillraceError } from '../../errors.ts'
import { type RemoteLocation, unusable } from './location.ts'

/** Names the file: where it is not in the URL, Node's own authorities are trusted. */
export const AUTHORITY_OPTION = 'ca'

/** Throws `STORAGE_URL_UNKNOWN` if a file is named although nothing is encrypted. */
export function authorityFileOf(
  { scheme, options }: RemoteLocation,
  isTls: boolean,
): string | undefined {
  const file = options.get(AUTHORITY_OPTION)
  if (file === undefined || isTls) return file
  throw unusable(
    `a ${scheme}: URL names authorities (${AUTHORITY_OPTION}), and is not over TLS`,
    'turn TLS on, or leave them out',
  )
}

/**
 * The certificates of a file, as PEM; undefined without one.
 *
 * @throws `CONFIG_INVALID` if it cannot be read, or has none.
 */
export function authorityIn(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  const details = { file }
  const cure = `let ${AUTHORITY_OPTION}=… in the URL name a file with certificates as PEM`
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const message = `cannot read the authorities in ${file}`
    throw new MillraceError('CONFIG_INVALID', message, { cause, cure, details })
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new MillraceError('CONFIG_INVALID', `there is no certificate in ${file}`, { cure, details })
}
