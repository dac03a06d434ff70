/**
 * What an `hdfs:` or `webhdfs:` URL says: a folder, and where the NameNodes answer over HTTP.
 *
 *     hdfs://namenode:9000/flink/checkpoints     as Flink and Hadoop have it: that port is of RPC
 *     hdfs://cluster/flink/checkpoints           a name service of hdfs-site.xml
 *     hdfs://nn1,nn2/jobs?http-port=9870         two NameNodes, of which one is active
 *     webhdfs://namenode:9870/jobs               the port of HTTP; swebhdfs: over TLS
 */
import { userInfo } from 'node:os'
import { AUTHORITY_OPTION, authorityFileOf } from '../remote/authority.ts'
import {
  isOn,
  parseRemote,
  type RemoteLocation,
  requestLimits,
  REQUEST_OPTIONS,
  unusable,
} from '../remote/location.ts'
import { type Environment, hadoopProperties } from './configuration.ts'

export interface HdfsPlace {
  readonly location: string
  /** `http://host:port` of each NameNode. */
  readonly nameNodes: readonly string[]
  /** Absolute, without a slash at its end. */
  readonly folder: string
  /** For simple authentication. */
  readonly user: string
  /** A file with a delegation token, which is shown instead of the user. */
  readonly tokenFile: string | undefined
  /** A file with the authorities to trust over TLS. */
  readonly authorityFile: string | undefined
  readonly timeoutMs: number
  readonly retryForMs: number
}

const OPTIONS = ['http-port', 'tls', AUTHORITY_OPTION, 'user', 'token-file', ...REQUEST_OPTIONS]
const HTTP_PORT = '9870'
const HTTPS_PORT = '9871'

/** Throws `STORAGE_URL_UNKNOWN` or `CONFIG_INVALID`. */
export async function findHdfsPlace(
  location: string,
  environment: Environment,
): Promise<HdfsPlace> {
  const parsed = parseRemote(location, OPTIONS)
  const { scheme, path, options } = parsed
  if (!/^[\w.\-+=/]*$/.test(path) || path.includes('//')) {
    const cure = 'choose another folder'
    throw unusable(`${location} has other characters than letters, digits and _ - . + = /`, cure)
  }
  const isTls = isOn(parsed, 'tls', scheme === 'swebhdfs')
  const hosts = await httpHosts(parsed, isTls, environment)
  return {
    location,
    nameNodes: hosts.map((host) => `${isTls ? 'https' : 'http'}://${host}`),
    folder: path === '' ? '' : `/${path}`,
    user: options.get('user') ?? environment['HADOOP_USER_NAME'] ?? userInfo().username,
    tokenFile: options.get('token-file'),
    authorityFile: authorityFileOf(parsed, isTls),
    ...requestLimits(parsed),
  }
}

/** `host:port` of each NameNode, for HTTP. */
async function httpHosts(
  { text, scheme, authority, options }: RemoteLocation,
  isTls: boolean,
  environment: Environment,
): Promise<readonly string[]> {
  const port = options.get('http-port')
  if (port !== undefined && !/^\d{1,5}$/.test(port)) {
    throw unusable(`http-port of a ${scheme}: URL is no port`, 'write one such as 9870')
  }
  const properties = scheme === 'hdfs' ? await hadoopProperties(environment) : new Map()
  const service = authority || nameServiceOf(properties.get('fs.defaultFS'))
  const named = port === undefined ? configured(service, isTls, properties) : []
  if (named.length > 0) return named
  return service.split(',').map((host) => {
    const match = /^([\w.-]+|\[[\da-fA-F:]+\])(?::(\d{1,5}))?$/.exec(host)
    if (match === null) throw unusable(`${text} names no NameNode`, `write ${scheme}://host/path`)
    const [, name = '', given] = match
    // In an hdfs: URL the port is that of RPC, which is not spoken here.
    const own = scheme === 'hdfs' ? undefined : given
    return `${name}:${port ?? own ?? (isTls ? HTTPS_PORT : HTTP_PORT)}`
  })
}

function nameServiceOf(defaultFs: string | undefined): string {
  return /^hdfs:\/\/([^/]+)/.exec(defaultFs ?? '')?.[1] ?? ''
}

/** What hdfs-site.xml says of a name service, or of the NameNode with that address. */
function configured(
  service: string,
  isTls: boolean,
  properties: ReadonlyMap<string, string>,
): readonly string[] {
  const kind = isTls ? 'dfs.namenode.https-address' : 'dfs.namenode.http-address'
  const [host = ''] = service.split(':')
  const own = (address: string | undefined): readonly string[] => {
    // Its own machine calls itself so.
    return address === undefined ? [] : [address.replace(/^0\.0\.0\.0(?=:)/, host)]
  }
  const nodes = properties.get(`dfs.ha.namenodes.${service}`)?.split(',') ?? []
  const ofService = nodes.flatMap((node) =>
    own(properties.get(`${kind}.${service}.${node.trim()}`)),
  )
  if (ofService.length > 0) return ofService
  const single = own(properties.get(`${kind}.${service}`))
  return single.length > 0 || service.includes(',') ? single : own(properties.get(kind))
}
