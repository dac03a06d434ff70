/**
 * Keys from the places that the option `encryption.keys` can name. The keys themselves are never an
 * option, so that none is ever in a configuration, a listing of processes, a log or an error.
 */
import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { KeyProvider } from '../encryption/key-provider.ts'
import { KeyRing } from '../encryption/key-ring.ts'
import { LocalKeys, parseKeys } from '../encryption/local-keys.ts'
import { MillraceError, messageOf } from '../errors.ts'

const PLACE = /^(env|file|command|module):(.+)$/s
const CURE = 'use env:NAME, file:path, command:line or module:path'
const TEXT_BYTES_MAX = 64 * 1024
const COMMAND_TIMEOUT_MS = 30_000
const OTHERS = 0o077

/**
 * @throws `KEY_NOT_FOUND` if there is nothing, `KEY_INVALID` if it is no key or others can read it,
 *   `CONFIG_INVALID` if it is no place.
 */
export async function openKeys(place: string): Promise<KeyRing> {
  const [, kind = '', what = ''] = PLACE.exec(place) ?? []
  switch (kind) {
    case 'env':
      return ringOf(fromEnvironment(what), place)
    case 'file':
      return ringOf(await fromFile(resolve(what)), place)
    case 'command':
      return ringOf(await fromCommand(what), 'the output of the command of encryption.keys')
    case 'module':
      return new KeyRing(await fromModule(resolve(what)))
    default:
      // Not shown: somebody may have put the key there.
      throw new MillraceError('CONFIG_INVALID', 'encryption.keys is not a place of keys', {
        cure: CURE,
      })
  }
}

function ringOf(text: string, source: string): KeyRing {
  return new KeyRing(new LocalKeys(parseKeys(text, source)))
}

function fromEnvironment(name: string): string {
  const text = process.env[name]
  if (text !== undefined && text !== '') return text
  throw new MillraceError('KEY_NOT_FOUND', `the variable ${name} (encryption.keys) is not set`)
}

async function fromFile(path: string): Promise<string> {
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
    const message = `the file of encryption.keys cannot be read: ${messageOf(cause)}`
    throw new MillraceError('KEY_NOT_FOUND', message, { cause, details: { file: path } })
  }
}

async function fromCommand(line: string): Promise<string> {
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
    const message = `the command of encryption.keys failed, exit code ${code}`
    throw new MillraceError('KEY_NOT_FOUND', message, { retryable: true })
  }
}

async function fromModule(path: string): Promise<KeyProvider> {
  let module: unknown
  try {
    module = await import(pathToFileURL(path).href)
  } catch (cause) {
    const message = `${path} (encryption.keys) cannot be loaded: ${messageOf(cause)}`
    throw new MillraceError('KEY_NOT_FOUND', message, { cause, details: { file: path } })
  }
  const provider = typeof module === 'object' && module !== null ? Object(module).default : module
  if (isProvider(provider)) return provider
  const message = `${path} (encryption.keys) exports no key provider by default`
  throw new MillraceError('KEY_INVALID', message, {
    cure: 'write: export default { current, wrap, unwrap } satisfies KeyProvider',
    details: { file: path },
  })
}

function isProvider(value: unknown): value is KeyProvider {
  if (typeof value !== 'object' || value === null) return false
  return ['current', 'wrap', 'unwrap'].every((name) => {
    return typeof Reflect.get(value, name) === 'function'
  })
}
