/**
 * The one file that touches the package `@aws-sdk/client-s3`, which is loaded when the first `s3:`
 * storage is opened. Its own attempts are turned off: who repeats a put must know that it did.
 */
import { authorityIn } from '../remote/authority.ts'
import { loadPackage } from '../remote/package.ts'
import type { S3Place } from './place.ts'

const PACKAGE = '@aws-sdk/client-s3'
const CONNECT_MS = 5_000
/** As the package has it. */
const SOCKETS_MAX = 50

export type S3Operation =
  | 'AbortMultipartUpload'
  | 'CompleteMultipartUpload'
  | 'CopyObject'
  | 'CreateMultipartUpload'
  | 'DeleteObject'
  | 'GetBucketVersioning'
  | 'GetObject'
  | 'HeadBucket'
  | 'HeadObject'
  | 'ListMultipartUploads'
  | 'ListObjectsV2'
  | 'PutObject'
  | 'UploadPart'

/** What is used of the answers of all operations. */
export interface S3Answer {
  readonly Body?: AsyncIterable<Uint8Array>
  readonly Contents?: readonly { readonly Key?: string; readonly Size?: number }[]
  readonly ContentLength?: number
  readonly ETag?: string
  readonly IsTruncated?: boolean
  readonly Metadata?: Readonly<Record<string, string>>
  readonly NextContinuationToken?: string
  readonly NextKeyMarker?: string
  readonly NextUploadIdMarker?: string
  readonly Status?: string
  readonly UploadId?: string
  readonly Uploads?: readonly { readonly Key?: string; readonly UploadId?: string }[]
}

export interface S3Connection {
  /** One attempt. Rejects with the package's own errors. */
  send(operation: S3Operation, input: object, signal: AbortSignal): Promise<S3Answer>
  close(): void
}

interface Client {
  send(command: object, options: { readonly abortSignal: AbortSignal }): Promise<S3Answer>
  destroy(): void
}

type Sdk = { readonly S3Client: new (config: object) => Client } & {
  readonly [Operation in S3Operation as `${Operation}Command`]: new (input: object) => object
}

/** Throws `PACKAGE_UNAVAILABLE` if the package is not installed. */
export function connectS3(place: S3Place): S3Connection {
  // The package declares its classes so; the tests call each.
  const sdk = loadPackage(PACKAGE, 's3') as Sdk
  const { endpoint, region, profile, hasPathStyle, timeoutMs, authorityFile } = place
  const ca = authorityIn(authorityFile)
  const client = new sdk.S3Client({
    maxAttempts: 1,
    forcePathStyle: hasPathStyle,
    requestHandler: {
      connectionTimeout: Math.min(CONNECT_MS, timeoutMs),
      ...(ca === undefined ? {} : { httpsAgent: { ca, keepAlive: true, maxSockets: SOCKETS_MAX } }),
    },
    // What is stored has checksums of its own; many servers do not know those of AWS.
    ...(endpoint === undefined ? {} : { endpoint, requestChecksumCalculation: 'WHEN_REQUIRED' }),
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(region === undefined ? {} : { region }),
    ...(profile === undefined ? {} : { profile }),
  })
  return {
    send(operation, input, signal) {
      const Command = sdk[`${operation}Command`]
      return client.send(new Command(input), { abortSignal: signal })
    },
    close: () => client.destroy(),
  }
}
