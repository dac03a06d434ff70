/**
 * What is at the places that `encryption.keys` and `signing.keys` can name. Keys themselves are
 * never an option, so that none is ever in a configuration, a listing of processes, a log or an
 * error.
 */
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { MillraceError, messageOf } from '../errors.ts'

const PLACE = /^(env|file|command|module):(.+)$/s
const CURE = 'use env:NAME, file:path, command:line or module:path'
const TEXT_BYTES_MAX = 64 * 1024
const COMMAND_TIMEOUT_MS = 30_000
const OTHERS = 0o077

/** The names of two options. */
export type KeysOption = 'encryption.keys' | 'signing.keys'

export type AtPlace =
  | {
      readonly kind: 'text'
      readonly text: string
      /** The place, for messages. */
      readonly source: string
    }
  | {
      readonly kind: 'module'
      /** Its default export. */
      readonly value: unknown
      readonly path: string
    }

/**
 * @throws `KEY_NOT_FOUND` if there is nothing, `KEY_INVALID` if others can read it,
 *   `CONFIG_INVALID` if it is no place.
 */
export async function readPlace(place: string, option: KeysOption): Promise<AtPlace> {
  const [, kind = '', what = ''] = PLACE.exec(place) ?? []
  switch (kind) {
    case 'env':
      return { kind: 'text', text: fromEnvironment(what, option), source: place }
    case 'file':
      return { kind: 'text', text: await fromFile(resolve(what), option), source: place }
    case 'command': {
      const source = `the output of the command of ${option}`
      return { kind: 'text', text: await fromCommand(what, option), source }
    }
    case 'module': {
      const path = resolve(what)
      return { kind: 'module', value: await fromModule(path, option), path }
    }
    default:
      // Not shown: somebody may have put the key there.
      throw new MillraceError('CONFIG_INVALID', `${option} is not a place of keys`, { cure: CURE })
  }
}

/** Whether a module exports something with these functions. */
export function hasFunctions(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return names.every((name) => typeof Reflect.get(value, name) === 'function')
}

function fromEnvironment(name: string, option: KeysOption): string {
  const text = process.env[name]
  if (text !== undefined && text !== '') return text
  throw new MillraceError('KEY_NOT_FOUND', `the variable ${name} (${option}) is not set`)
}

async function fromFile(path: string, option: KeysOption): Promise<string> {
  try {
    const { mode, size } = await stat(path)
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0')
      throw new MillraceError('KEY_INVALID', `${path} is open to others: its mode is ${shown}`, {
        cure: `close it (\`chmod 600 ${path}\`), and take new keys if others may have read it`,
        details: { file: path },
      })
    }
    if (size > TEXT_BYTES_MAX) throw new MillraceError('KEY_INVALID', `${path} is no file of keys`)
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause
    const message = `the file of ${option} cannot be read: ${messageOf(cause)}`
    throw new MillraceError('KEY_NOT_FOUND', message, { cause, details: { file: path } })
  }
}

async function fromCommand(line: string, option: KeysOption): Promise<string> {
  const { execFile } = await import('node:child_process')
  try {
    const [shell, flag] = process.platform === 'win32' ? ['cmd.exe', '/c'] : ['/bin/sh', '-c']
    const { stdout } = await promisify(execFile)(shell, [flag, line], {
      timeout: COMMAND_TIMEOUT_MS,
      maxBuffer: TEXT_BYTES_MAX,
    })
    return stdout
  } catch (error) {
    // Its message holds the command line and what it printed.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const message = `the command of ${option} failed, exit code ${code}`
    throw new MillraceError('KEY_NOT_FOUND', message, { retryable: true })
  }
}

async function fromModule(path: string, option: KeysOption): Promise<unknown> {
  try {
    const module: unknown = await import(pathToFileURL(path).href)
    return typeof module === 'object' && module !== null ? Object(module).default : module
  } catch (cause) {
    const message = `${path} (${option}) cannot be loaded: ${messageOf(cause)}`
    throw new MillraceError('KEY_NOT_FOUND', message, { cause, details: { file: path } })
  }
}
