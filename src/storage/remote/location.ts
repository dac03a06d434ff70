/**
 * Locations on servers: `scheme://authority/path?option=value`. What is said in the query is all
 * that a store needs to be found again, from any worker and any machine, so it is in no other
 * place; secrets are never in it, for locations are shown and are written into manifests.
 */
import { MillraceError } from '../../errors.ts'
import { parseDurationMs } from '../../util/duration.ts'

export interface RemoteLocation {
  /** As the user wrote it. */
  readonly text: string
  readonly scheme: string
  /** What is between `//` and the next slash. */
  readonly authority: string
  /** Without slashes at its ends; may be empty. */
  readonly path: string
  /** By name; all of them are known ones. */
  readonly options: ReadonlyMap<string, string>
}

const TIMEOUT_MS = 30_000
const RETRY_FOR_MS = 60_000

/** Options of every store on a server. */
export const REQUEST_OPTIONS = ['timeout', 'retry-for'] as const

/**
 * @param known names of the options that the scheme has.
 * @throws `STORAGE_URL_UNKNOWN` without the text, which may have a secret in it.
 */
export function parseRemote(text: string, known: readonly string[]): RemoteLocation {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/.exec(text)
  const scheme = match?.[1]?.toLowerCase() ?? text.slice(0, text.indexOf(':'))
  const authority = match?.[2] ?? ''
  const path = (match?.[3] ?? '').replace(/^\/+|\/+$/g, '')
  if (match === null || path.split('/').some((part) => /^\.{1,2}$/.test(part))) {
    throw unusable(
      `${scheme}: is not followed by //, a place and a plain path`,
      `${scheme}://…/path`,
    )
  }
  if (authority.includes('@')) {
    throw unusable(
      `a ${scheme}: URL names a user before its host`,
      'leave out what is before the @',
    )
  }
  const options = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(match[4] ?? '')) {
    if (!known.includes(name)) {
      throw unusable(`${scheme}: has no option ${name}`, `it has ${known.join(', ')}`)
    }
    options.set(name, value)
  }
  return { text, scheme, authority, path, options }
}

/** How long requests may take and are repeated. Throws `CONFIG_INVALID`. */
export function requestLimits({ scheme, options }: RemoteLocation): {
  readonly timeoutMs: number
  readonly retryForMs: number
} {
  const durationOf = (name: (typeof REQUEST_OPTIONS)[number], otherwise: number): number => {
    const given = options.get(name)
    return given === undefined ? otherwise : parseDurationMs(given, `${name} of the ${scheme}: URL`)
  }
  return {
    timeoutMs: durationOf('timeout', TIMEOUT_MS),
    retryForMs: durationOf('retry-for', RETRY_FOR_MS),
  }
}

/** `http://host:port` of an option, checked. */
export function httpAddress(scheme: string, name: string, value: string): URL {
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password !== '') {
    throw unusable(
      `${name} of a ${scheme}: URL is no address of a server`,
      'write http://host:port',
    )
  }
  return url
}

/** A switch in the query: `true`, `false`, or the name alone. */
export function isOn(location: RemoteLocation, name: string, otherwise: boolean): boolean {
  const value = location.options.get(name)
  if (value === undefined) return otherwise
  if (value === 'true' || value === '') return true
  if (value === 'false') return false
  throw unusable(`${name} of a ${location.scheme}: URL is neither true nor false`, 'write one')
}

export function unusable(message: string, cure: string): MillraceError {
  return new MillraceError('STORAGE_URL_UNKNOWN', message, { cure })
}
