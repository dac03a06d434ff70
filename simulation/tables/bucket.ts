/**
 * A simulated bucket, and connections to it: as S3 has it an object is there whole or not at all,
 * is seen as soon as a request has put it, and is not put twice by who says so. Only what segments
 * need: objects in one request each, read by ranges.
 */
import type { S3Answer, S3Connection, S3Operation } from '../../src/storage/s3/sdk.ts'
import { flippedOnce } from '../disk/machine.ts'
import { Violation } from '../scheduler.ts'
import { Line, type LineWorld, Refusal, type Troubles } from './line.ts'

interface Stored {
  readonly bytes: Uint8Array
  readonly metadata: Readonly<Record<string, string>>
}

/** What production code says, of all operations. */
interface Input {
  readonly Key?: string
  readonly Body?: Uint8Array
  readonly IfNoneMatch?: string
  readonly Metadata?: Readonly<Record<string, string>>
  readonly Range?: string
  readonly Prefix?: string
  readonly ContinuationToken?: string
}

export const OBJECT_TROUBLES: Troubles = {
  errorBefore: 'objectErrorBefore',
  errorAfter: 'objectErrorAfter',
  timeoutBefore: 'objectTimeoutBefore',
  timeoutAfter: 'objectTimeoutAfter',
  slow: 'objectSlow',
  unreachable: 'objectUnreachable',
  restart: 'objectRestart',
}

/** Names of one answer: hardly any, so that there are several. */
const PAGE_NAMES = 4

export class Bucket {
  readonly #objects = new Map<string, Stored>()

  run(operation: S3Operation, input: Input): S3Answer {
    const key = input.Key ?? ''
    switch (operation) {
      case 'PutObject':
        if (input.IfNoneMatch === '*' && this.#objects.has(key)) {
          throw refusal('PreconditionFailed', 412)
        }
        this.#objects.set(key, {
          bytes: Uint8Array.from(input.Body ?? []),
          metadata: input.Metadata ?? {},
        })
        return {}
      case 'GetObject':
        return this.#get(key, input.Range)
      case 'HeadObject': {
        const { bytes, metadata } = this.#object(key)
        return { ContentLength: bytes.length, Metadata: metadata }
      }
      case 'HeadBucket':
        return {}
      case 'DeleteObject':
        this.#objects.delete(key)
        return {}
      case 'ListObjectsV2':
        return this.#list(input.Prefix ?? '', input.ContinuationToken ?? '')
      case 'AbortMultipartUpload':
      case 'CompleteMultipartUpload':
      case 'CopyObject':
      case 'CreateMultipartUpload':
      case 'GetBucketVersioning':
      case 'ListMultipartUploads':
      case 'UploadPart':
        throw new Violation(`${operation} of a simulated bucket`)
    }
  }

  #get(key: string, range: string | undefined): S3Answer {
    const { bytes } = this.#object(key)
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? 'bytes=0-') ?? []
    const start = Number(from)
    if (start >= bytes.length) throw refusal('InvalidRange', 416)
    const part = bytes.slice(start, to === '' ? undefined : Number(to) + 1)
    return { Body: chunks(part), ContentLength: part.length }
  }

  #list(prefix: string, after: string): S3Answer {
    const all = [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && key > after)
    const keys = all.toSorted().slice(0, PAGE_NAMES)
    const isTruncated = keys.length < all.length
    return {
      Contents: keys.map((key) => ({ Key: key, Size: this.#object(key).bytes.length })),
      IsTruncated: isTruncated,
      ...(isTruncated ? { NextContinuationToken: keys.at(-1) ?? '' } : {}),
    }
  }

  #object(key: string): Stored {
    const object = this.#objects.get(key)
    if (object === undefined) throw refusal('NoSuchKey', 404)
    return object
  }
}

export class SimBucketConnection implements S3Connection {
  readonly #world: LineWorld & { readonly bucket: Bucket }
  readonly #line: Line

  constructor(world: LineWorld & { readonly bucket: Bucket }) {
    this.#world = world
    this.#line = new Line(world, OBJECT_TROUBLES)
  }

  // Not async: what the line gives may never come.
  // oxlint-disable-next-line typescript/promise-function-async
  send(operation: S3Operation, input: object): Promise<S3Answer> {
    const { bucket, faults, random } = this.#world
    return this.#line.send<S3Answer>({
      perform: () => {
        const answer = bucket.run(operation, input)
        const { Body: body } = answer
        if (body === undefined || !faults.strikes('objectFlip')) return answer
        return { ...answer, Body: flipped(body, random) }
      },
      refused: () => failure('SlowDown', 503),
      failed: () => failure('InternalError', 500),
      broken: () => Object.assign(new Error('injected: broken off'), { code: 'ECONNRESET' }),
      nobody: () => Object.assign(new Error('injected: nobody there'), { code: 'ECONNREFUSED' }),
    })
  }

  close(): void {
    // What is under way is the line's.
  }
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function* flipped(
  body: AsyncIterable<Uint8Array>,
  random: LineWorld['random'],
): AsyncGenerator<Uint8Array> {
  for await (const bytes of body) {
    yield bytes.length === 0 ? bytes : flippedOnce(bytes, random)
  }
}

function refusal(name: string, status: number): Refusal {
  return Object.assign(new Refusal(name), { name, $metadata: { httpStatusCode: status } })
}

function failure(name: string, status: number): Error {
  const message = `injected: ${name}`
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } })
}
