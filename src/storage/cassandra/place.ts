/**
 * What a `cassandra:` URL says: nodes to begin with, the keyspace, and the folder in it.
 *
 *     cassandra://node1,node2:9042/keyspace/folder?datacenter=dc1
 *
 * Who asks is told by variables, for secrets are never in a URL.
 */
import { AUTHORITY_OPTION, authorityFileOf } from '../remote/authority.ts'
import { isOn, parseRemote, requestLimits, REQUEST_OPTIONS, unusable } from '../remote/location.ts'

export interface CassandraPlace {
  readonly location: string
  /** `host:port` of some nodes; they tell of the others. */
  readonly contactPoints: readonly string[]
  readonly keyspace: string
  /** Without slashes at its ends; may be empty. */
  readonly folder: string
  readonly datacenter: string
  /** Of what is not decided by all: whose majority must have it. */
  readonly majority: 'datacenter' | 'cluster'
  readonly isTls: boolean
  /** A file with the authorities to trust over TLS. */
  readonly authorityFile: string | undefined
  readonly timeoutMs: number
  readonly retryForMs: number
}

const OPTIONS = ['datacenter', 'majority', 'tls', AUTHORITY_OPTION, ...REQUEST_OPTIONS]
const PORT = '9042'
/** As a node is called that was told nothing. */
const DATACENTER = 'datacenter1'

/** Throws `STORAGE_URL_UNKNOWN` or `CONFIG_INVALID`. */
export function parseCassandraPlace(location: string): CassandraPlace {
  const parsed = parseRemote(location, OPTIONS)
  const { authority, path, options } = parsed
  const [keyspace = '', ...folders] = path.split('/')
  if (!/^\w{1,48}$/.test(keyspace)) {
    throw unusable(`${location} names no keyspace`, 'write cassandra://host/keyspace/folder')
  }
  const folder = folders.join('/')
  if (!/^[\w.\-+=/]*$/.test(folder) || path.includes('//')) {
    const cure = 'choose another folder'
    throw unusable(`${location} has other characters than letters, digits and _ - . + = /`, cure)
  }
  const majority = options.get('majority') ?? 'datacenter'
  if (majority !== 'datacenter' && majority !== 'cluster') {
    throw unusable('majority of a cassandra: URL is neither datacenter nor cluster', 'write one')
  }
  const isTls = isOn(parsed, 'tls', false)
  return {
    location,
    contactPoints: authority.split(',').map(contactPoint),
    keyspace,
    folder,
    datacenter: options.get('datacenter') ?? DATACENTER,
    majority,
    isTls,
    authorityFile: authorityFileOf(parsed, isTls),
    ...requestLimits(parsed),
  }
}

function contactPoint(host: string): string {
  const match = /^([\w.-]+|\[[\da-fA-F:]+\])(?::(\d{1,5}))?$/.exec(host)
  if (match === null) {
    throw unusable('a cassandra: URL names no node', 'write cassandra://host:port/keyspace/folder')
  }
  const [, name = '', port = PORT] = match
  return `${name}:${port}`
}
