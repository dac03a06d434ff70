/**
 * The tokens of a job's folder, one file for each role, mode 0600. What is missing is made; what
 * others could have read is refused. In memory there are only their hashes, and what a client sends
 * is compared with all of them in the same time, right or wrong.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { constants } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError, messageOf } from '../../errors.ts'
import { secretText } from '../../util/random.ts'
import { type Role, ROLES } from './requests.ts'

const TOKEN_BYTES = 32
/** 32 characters of an alphabet of 64: 192 bits, if they were chosen by chance. */
const TOKEN = /^[A-Za-z0-9._~+/=-]{32,512}$/
const TOKEN_FILE_BYTES_MAX = 1_024
const ID_DIGITS = 8

/** Who has shown a token. */
export interface TokenHolder {
  readonly role: Role
  /** The first digits of the token's hash, by which it is known without being told. */
  readonly token: string
}

export class Tokens {
  readonly #holders: readonly { readonly holder: TokenHolder; readonly hash: Buffer }[]

  /** Throws `CONTROL_TOKEN_UNSAFE` if two roles have the same one. */
  constructor(tokens: ReadonlyMap<Role, string>) {
    this.#holders = [...tokens].map(([role, text]) => {
      const hash = hashOf(text)
      return { holder: { role, token: hash.toString('hex').slice(0, ID_DIGITS) }, hash }
    })
    if (new Set(tokens.values()).size === tokens.size) return
    throw new MillraceError('CONTROL_TOKEN_UNSAFE', 'two roles have the same token', {
      cure: 'delete the files: the next start makes new ones',
    })
  }

  /** Who may show this; undefined if nobody may. */
  holderOf(text: string): TokenHolder | undefined {
    const hash = hashOf(text)
    let found: TokenHolder | undefined
    for (const each of this.#holders) if (timingSafeEqual(each.hash, hash)) found = each.holder
    return found
  }
}

/**
 * Reads the tokens of a job's folder, and makes those that are missing. Call it with the folder
 * claimed.
 *
 * @throws `CONTROL_TOKEN_UNSAFE` naming the file that others may read, or that holds no token.
 */
export async function openTokens(folder: string): Promise<Tokens> {
  const tokens = new Map<Role, string>()
  for (const role of ROLES) {
    const path = join(folder, `${role}.token`)
    tokens.set(role, (await readToken(path)) ?? (await makeToken(path, role)))
  }
  return new Tokens(tokens)
}

async function readToken(path: string): Promise<string | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  try {
    // Neither by way of a link, nor from a pipe that would never end.
    const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      const { mode, uid, size } = await file.stat()
      const isFile = (mode & constants.S_IFMT) === constants.S_IFREG
      if (!isFile || size > TOKEN_FILE_BYTES_MAX) throw unsafe(path, 'is no file of a token')
      // Windows tells neither, and keeps the folder of a user to that user.
      const user = process.getuid?.()
      const isOurs = user === undefined || uid === user || uid === 0
      if (user !== undefined && (mode & 0o077) !== 0) throw unsafe(path, 'can be read by others')
      if (!isOurs) throw unsafe(path, 'belongs to another user')
      const text = (await file.readFile('latin1')).trim()
      if (TOKEN.test(text)) return text
      throw unsafe(path, 'holds no token: 32 to 512 letters, digits and . _ ~ + / = -')
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof MillraceError) throw error
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw unsafe(path, `cannot be read: ${messageOf(error)}`, error)
  }
}

/** Moved into place, so that it is there whole or not at all. */
async function makeToken(path: string, role: Role): Promise<string> {
  const token = `millrace_${role}_${secretText(TOKEN_BYTES)}`
  const next = `${path}.${secretText(8)}`
  try {
    const file = await open(next, 'wx', 0o600)
    try {
      await file.writeFile(`${token}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(next, path)
  } finally {
    await rm(next, { force: true })
  }
  return token
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function unsafe(path: string, problem: string, cause?: unknown): MillraceError {
  const message = `the token in ${path} is not taken: it ${problem}`
  return new MillraceError('CONTROL_TOKEN_UNSAFE', message, { cause, details: { file: path } })
}
