/**
 * What a failure of Cassandra means to a user, and whether it passes by itself. A transaction that
 * was not answered in time may have been heeded: it is repeated, and tells whether it was.
 */
import { MillraceError, type ErrorCode } from '../../errors.ts'
import { isPassingCode, tlsCureOf } from '../remote/network.ts'
import type { Verdict } from '../remote/retries.ts'
import type { CassandraPlace } from './place.ts'

/** Of the native protocol. */
const BAD_CREDENTIALS = 0x0100
const UNAVAILABLE = 0x1000
const UNAUTHORIZED = 0x2100
const INVALID = 0x2200
const PASSING = new Set([
  0x0000, // an error within the server
  UNAVAILABLE,
  0x1001, // overloaded
  0x1002, // starting
  0x1100, // a write timed out
  0x1200, // a read timed out
  0x1300, // a read failed
  0x1500, // a write failed
  0x1700, // nobody knows whether a transaction was heeded
])
/** Of the package: no connection yet, or none that is free. */
const PASSING_NAMES = new Set([
  'BusyConnectionError',
  'NoHostAvailableError',
  'OperationTimedOutError',
])
/** What the package says, without a code, of a node that is left alone for a moment. */
const NO_CONNECTION = /^(No connection available|Host considered as DOWN)/
/** What it says, and how that is said of all storages. */
const SAID: readonly (readonly [RegExp, string])[] = [
  [/^All host\(s\) tried for query failed\.$/, 'no node is up'],
  [/^The host \S+ did not reply before timeout (\d+) ms.*$/, 'no answer within $1 ms'],
]

const DENIED_CURE =
  'set CASSANDRA_USERNAME and CASSANDRA_PASSWORD, and grant that role CREATE, SELECT and MODIFY'

interface Facts {
  readonly name: string
  /** Of the protocol or of the system. */
  readonly code: number | string
  readonly message: string
  /** The connection ended. */
  readonly isBroken: boolean
}

/** @param what such as `read runs/1.run of cassandra://node/jobs` */
export function judgeCassandra(
  error: unknown,
  what: string,
  place: CassandraPlace,
  file?: string,
): Verdict {
  if (error instanceof MillraceError) return { error, isPassing: false }
  // When no node could be asked, each has its reason.
  const verdicts = reasonsOf(error).map((reason) => judge(factsOf(reason), what, place, file))
  // One that needs somebody's help says more than a node that is gone.
  const told =
    verdicts.find((verdict) => verdict.error.code !== 'STORAGE_FAILED') ??
    verdicts.find((verdict) => verdict.isPassing)
  return told ?? verdicts[0] ?? judge(factsOf(error), what, place, file)
}

function judge(facts: Facts, what: string, place: CassandraPlace, file?: string): Verdict {
  const { name, code, message, isBroken } = facts
  const lasting = (of: ErrorCode, cure?: string, retryable?: boolean): Verdict => ({
    error: new MillraceError(of, `cannot ${what}: ${message} (${name})`, {
      details: { file, reason: name, serverCode: code },
      ...(cure === undefined ? {} : { cure }),
      ...(retryable === undefined ? {} : { retryable }),
    }),
    isPassing: false,
  })
  if (isKeyspaceMissing(code, message)) {
    const { keyspace } = place
    const cure = `create the keyspace ${keyspace}, or correct its name: docs/guide/storage.md`
    return lasting('STORAGE_BUCKET_MISSING', cure)
  }
  if (name === 'AuthenticationError' || code === BAD_CREDENTIALS || code === UNAUTHORIZED) {
    return lasting('STORAGE_DENIED', DENIED_CURE)
  }
  if (message.includes('localDataCenter')) {
    const cure = 'name the datacenter of the nearest nodes with datacenter=… in the URL'
    return lasting('STORAGE_FAILED', cure, false)
  }
  const tlsCure = tlsCureOf(String(code))
  if (tlsCure !== undefined) return lasting('STORAGE_FAILED', tlsCure, false)
  const isPassing =
    PASSING_NAMES.has(name) ||
    isBroken ||
    NO_CONNECTION.test(message) ||
    (typeof code === 'number' ? PASSING.has(code) : isPassingCode(code))
  return { ...lasting('STORAGE_FAILED', cureOf(code)), isPassing }
}

function isKeyspaceMissing(code: number | string, message: string): boolean {
  return code === INVALID && /keyspace .* does not exist/i.test(message)
}

function cureOf(code: number | string): string | undefined {
  if (code === 'ECONNREFUSED') return 'see that the nodes run, and that the URL has their port'
  if (code === 'ENOTFOUND') return 'correct the names of the nodes in the URL'
  if (code === UNAVAILABLE) return 'see that a majority of the replicas of the keyspace is up'
  return undefined
}

/** Of each node that was asked; nothing if it is not about nodes. */
function reasonsOf(error: unknown): readonly unknown[] {
  const inner: unknown = Reflect.get(Object(error), 'innerErrors')
  return Object.values(Object(inner)).filter((reason) => reason !== undefined && reason !== null)
}

function factsOf(error: unknown): Facts {
  // Whatever was thrown: each property is looked at before it is used.
  const given = Object(error) as Readonly<Record<string, unknown>>
  const { name, code, message, isSocketError } = given
  const plain = typeof message === 'string' ? message : String(error)
  return {
    name: typeof name === 'string' ? name : 'Error',
    code: typeof code === 'string' || typeof code === 'number' ? code : '',
    message: SAID.reduce((text, [said, by]) => text.replace(said, by), plain),
    isBroken: isSocketError === true,
  }
}
