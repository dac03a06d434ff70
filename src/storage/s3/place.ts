/**
 * What an `s3:` URL says: the bucket, the folder in it, and which server it is on.
 *
 *     s3://bucket/folder?region=eu-central-1
 *     s3://bucket/folder?endpoint=http://127.0.0.1:9000
 *
 * Credentials are found as all tools of AWS find them: variables, profiles, the machine's role.
 */
import { AUTHORITY_OPTION, authorityFileOf } from '../remote/authority.ts'
import {
  httpAddress,
  isOn,
  parseRemote,
  requestLimits,
  REQUEST_OPTIONS,
  unusable,
} from '../remote/location.ts'

export interface S3Place {
  readonly location: string
  readonly bucket: string
  /** Ends with a slash, or is empty. */
  readonly prefix: string
  /** A server other than that of AWS. */
  readonly endpoint: string | undefined
  readonly region: string | undefined
  readonly hasPathStyle: boolean
  /** Of the files of the AWS tools. */
  readonly profile: string | undefined
  /** A file with the authorities to trust over TLS. */
  readonly authorityFile: string | undefined
  readonly timeoutMs: number
  readonly retryForMs: number
}

const OPTIONS = [
  'endpoint',
  'region',
  'path-style',
  'profile',
  AUTHORITY_OPTION,
  ...REQUEST_OPTIONS,
]
/** Other servers want a region in signatures, and do not care which. */
const REGION_OF_OTHERS = 'us-east-1'

/** Throws `STORAGE_URL_UNKNOWN` or `CONFIG_INVALID`. */
export function parseS3Place(
  location: string,
  environment: Readonly<Record<string, string | undefined>>,
): S3Place {
  const parsed = parseRemote(location, OPTIONS)
  const { authority: bucket, path, options } = parsed
  if (!/^[A-Za-z0-9][\w.-]{1,253}[A-Za-z0-9]$/.test(bucket)) {
    throw unusable(`${location} names no bucket`, 'write s3://bucket/folder')
  }
  if (!/^[\w.\-+=!'()/ ]*$/.test(path) || path.includes('//')) {
    throw unusable(
      `the folder of ${location} has other characters than letters, digits and _ - . /`,
      'choose another',
    )
  }
  const given = options.get('endpoint')
  const endpoint = given === undefined ? undefined : httpAddress('s3', 'endpoint', given).href
  const ofMachine = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION']
  const isElsewhere = endpoint !== undefined
  return {
    location,
    bucket,
    prefix: path === '' ? '' : `${path}/`,
    endpoint,
    region: options.get('region') ?? (isElsewhere ? (ofMachine ?? REGION_OF_OTHERS) : ofMachine),
    hasPathStyle: isOn(parsed, 'path-style', isElsewhere),
    profile: options.get('profile'),
    authorityFile: authorityFileOf(parsed, endpoint?.startsWith('http:') !== true),
    ...requestLimits(parsed),
  }
}
