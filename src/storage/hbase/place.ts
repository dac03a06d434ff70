/**
 * What an `hbase:` URL says: a table, a folder in it, and where REST servers of HBase answer.
 *
 *     hbase://host:8080/table/folder
 *     hbase://host1,host2/namespace:table/jobs/orders      either one will do
 *     hbase://gateway:8443/table/jobs?tls&token-file=/run/secrets/token
 */
import { AUTHORITY_OPTION, authorityFileOf } from '../remote/authority.ts'
import { isOn, parseRemote, requestLimits, REQUEST_OPTIONS, unusable } from '../remote/location.ts'

export interface HBasePlace {
  readonly location: string
  /** `http://host:port` of each REST server. */
  readonly servers: readonly string[]
  /** With its namespace, if that is not the default one. */
  readonly table: string
  /** Without slashes at its ends; may be empty. */
  readonly folder: string
  /** For simple authentication. */
  readonly user: string | undefined
  /** A file with a token for a gateway before the REST server. */
  readonly tokenFile: string | undefined
  /** A file with the authorities to trust over TLS. */
  readonly authorityFile: string | undefined
  readonly timeoutMs: number
  readonly retryForMs: number
}

const OPTIONS = ['tls', AUTHORITY_OPTION, 'user', 'token-file', ...REQUEST_OPTIONS]
const PORT = '8080'

/** Throws `STORAGE_URL_UNKNOWN` or `CONFIG_INVALID`. */
export function parseHBasePlace(location: string): HBasePlace {
  const parsed = parseRemote(location, OPTIONS)
  const { authority, path, options } = parsed
  const [table = '', ...folders] = path.split('/')
  if (!/^(?:\w+:)?\w[\w.-]*$/.test(table)) {
    throw unusable(`${location} names no table`, 'write hbase://host:8080/table/folder')
  }
  if (!folders.every((folder) => /^[\w.\-=]+$/.test(folder))) {
    const cure = 'choose another folder'
    throw unusable(`${location} has other characters than letters, digits and _ - . =`, cure)
  }
  const isTls = isOn(parsed, 'tls', false)
  const protocol = isTls ? 'https' : 'http'
  const servers = authority.split(',').map((host) => {
    const match = /^([\w.-]+|\[[\da-fA-F:]+\])(?::(\d{1,5}))?$/.exec(host)
    if (match === null) throw unusable(`${location} names no server`, 'write hbase://host:8080/…')
    return `${protocol}://${match[1]}:${match[2] ?? PORT}`
  })
  return {
    location,
    servers,
    table,
    folder: folders.join('/'),
    user: options.get('user'),
    tokenFile: options.get('token-file'),
    authorityFile: authorityFileOf(parsed, isTls),
    ...requestLimits(parsed),
  }
}
