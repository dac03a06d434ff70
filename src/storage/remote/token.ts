/** Tokens in files, so that they are in no URL and can be renewed while a job runs. */
import { readFile } from 'node:fs/promises'
import { MillraceError } from '../../errors.ts'

/** How the tokens of a service look, and where they come from. */
export interface TokenKind {
  readonly service: string
  readonly pattern: RegExp
  readonly cure: string
}

/** Throws `STORAGE_DENIED`. */
export async function readTokenFile(file: string, kind: TokenKind): Promise<string> {
  const { service, pattern, cure } = kind
  const details = { file }
  let token: string
  try {
    token = (await readFile(file, 'utf8')).trim()
  } catch (cause) {
    const message = `cannot read the token file ${file}`
    throw new MillraceError('STORAGE_DENIED', message, { cause, cure, details })
  }
  if (pattern.test(token)) return token
  const message = `there is no token for ${service} in ${file}`
  throw new MillraceError('STORAGE_DENIED', message, { cure, details })
}
