/**
 * The one file that touches the native module. It makes a `ColdStore` of RocksDB and guards what
 * the binding does not: a call after close would end the process, so each checks first; encodings
 * are always named; an iterator lives within one call, for none may outlive its database.
 */
import { Buffer } from 'node:buffer'
import { closeSync, openSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { MillraceError, messageOf } from '../../errors.ts'
import { storageError } from '../../storage/local-errors.ts'
import type { ColdBatch, ColdStore, NativeStoreOptions } from '../cold-store.ts'

const PACKAGE = '@nxtedition/rocksdb'
/** The binding takes the size of the block cache as a 32-bit integer. */
const CACHE_BYTES_MAX = 0xffff_ffff

/** What is used of the package's native functions; contexts are opaque. */
interface Native {
  db_init(location: string): unknown
  db_open(context: unknown, options: object, done: (error: unknown) => void): unknown
  db_close(context: unknown, done: (error: unknown) => void): void
  db_get_many_sync(
    context: unknown,
    keys: readonly Buffer[],
    options: object,
  ): readonly (Buffer | undefined)[]
  db_query(context: unknown, options: object): { readonly rows: readonly Buffer[] }
  db_clear(context: unknown, options: object): void
  batch_init(): unknown
  batch_put(batch: unknown, key: Buffer, value: Buffer, options: undefined): void
  batch_del(batch: unknown, key: Buffer, options: undefined): void
  batch_clear(batch: unknown): void
  batch_write(context: unknown, batch: unknown, options: undefined): void
}

/** True if the native module loads on this machine. */
export function rocksdbIsAvailable(): boolean {
  try {
    loadNative()
    return true
  } catch {
    return false
  }
}

/**
 * Opens an empty database. Throws `BACKEND_UNAVAILABLE` if the package does not load, and
 * `STORAGE_FAILED` if that is for want of file handles.
 */
export async function openRocksDb(options: NativeStoreOptions): Promise<ColdStore> {
  const native = loadNative()
  await mkdir(options.directory, { recursive: true })
  const context = native.db_init(options.directory)
  await new Promise<void>((resolve, reject) => {
    const done = (error: unknown): void => {
      if (error === null || error === undefined) resolve()
      else reject(failed('open the local database', error))
    }
    native.db_open(context, tuned(options), done)
  })
  return new RocksDbStore(native, context)
}

function loadNative(): Native {
  const require = createRequire(import.meta.url)
  try {
    // The functions of this version are as declared above; the suite of bindings calls each.
    return require(`${PACKAGE}/binding.js`) as Native
  } catch (error) {
    const refused = refusal()
    if (refused !== undefined) throw storageError('open', PACKAGE, refused)
    const platform = `${process.platform}-${process.arch}`
    const missing = messageOf(error).includes('Cannot find module')
    throw new MillraceError(
      'BACKEND_UNAVAILABLE',
      missing
        ? `rocksdb() needs the package ${PACKAGE}, which is not installed`
        : `the package ${PACKAGE} does not load on ${platform}`,
      {
        cause: error,
        cure: missing
          ? `run \`npm install ${PACKAGE}@12.2.12\`, or use hashmap()`
          : 'use hashmap(): the package has prebuilt code for linux-x64 (glibc) and darwin-arm64',
      },
    )
  }
}

/** Why no file may be opened, if that is so: the loader of native code tells of a missing one. */
function refusal(): unknown {
  try {
    closeSync(openSync(fileURLToPath(import.meta.url), 'r'))
    return undefined
  } catch (error) {
    return error
  }
}

/**
 * Level compaction, for only then does the binding heed the memory of the write buffers. Point
 * look-ups are the common case; ranges work under this option too.
 */
function tuned({ blockCacheBytes, writeBufferBytes }: NativeStoreOptions): object {
  return {
    createIfMissing: true,
    errorIfExists: true,
    parallelism: 2,
    walCompression: false,
    compaction: 'level',
    memtableMemoryBudget: writeBufferBytes,
    compression: false,
    cacheSize: Math.min(CACHE_BYTES_MAX, blockCacheBytes),
    optimize: 'point-lookup',
  }
}

const READ = { valueEncoding: 'buffer', fillCache: true }

class RocksDbStore implements ColdStore {
  readonly #native: Native
  readonly #context: unknown
  readonly #batch: unknown
  #closing: Promise<void> | undefined

  constructor(native: Native, context: unknown) {
    this.#native = native
    this.#context = context
    this.#batch = native.batch_init()
  }

  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[] {
    this.#expectOpen()
    if (keys.length === 0) return []
    return this.#run('read', () => this.#native.db_get_many_sync(this.#context, keys, READ))
  }

  scan(lower: Buffer, upper: Buffer, limit: number): readonly Buffer[] {
    return this.#query({ gte: lower, lt: upper, limit })
  }

  scanDown(lower: Buffer, upper: Buffer, limit: number): readonly Buffer[] {
    return this.#query({ gte: lower, lt: upper, limit, reverse: true })
  }

  write(batch: ColdBatch): void {
    this.#expectOpen()
    const { keys, values, uppers } = batch
    this.#run('write', () => {
      for (let index = 0; index < keys.length; index++) {
        const key = keys[index] ?? Buffer.alloc(0)
        const value = values[index]
        const upper = uppers[index]
        if (upper !== undefined) {
          this.#flush() // a range is deleted at once, so it must come after what is before it
          this.#native.db_clear(this.#context, { gte: key, lt: upper })
        } else if (value !== undefined) this.#native.batch_put(this.#batch, key, value, undefined)
        else this.#native.batch_del(this.#batch, key, undefined)
      }
      this.#flush()
    })
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve, reject) => {
      this.#native.batch_clear(this.#batch)
      this.#native.db_close(this.#context, (error) => {
        if (error === null || error === undefined) resolve()
        else reject(failed('close the local database', error))
      })
    })
    return this.#closing
  }

  #query(range: object): readonly Buffer[] {
    this.#expectOpen()
    const query = { ...range, keyEncoding: 'buffer', valueEncoding: 'buffer' }
    return this.#run('scan', () => this.#native.db_query(this.#context, query).rows)
  }

  #flush(): void {
    this.#native.batch_write(this.#context, this.#batch, undefined)
    this.#native.batch_clear(this.#batch)
  }

  #run<R>(what: string, body: () => R): R {
    try {
      return body()
    } catch (error) {
      throw failed(`${what} the local database`, error)
    }
  }

  #expectOpen(): void {
    if (this.#closing === undefined) return
    throw new MillraceError('STATE_CLOSED', 'the local database was used after it was closed')
  }
}

function failed(what: string, error: unknown): MillraceError {
  const message = `cannot ${what}: ${messageOf(error)}`
  return new MillraceError('STORAGE_FAILED', message, { cause: error })
}
