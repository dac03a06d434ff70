/**
 * Blob storage of the simulated world: it survives the crash of processes, answers after virtual
 * time, and fails by plan. An operation happens at one instant, whole or not at all; if the process
 * that asked for it is gone by then, the seed says whether it happens all the same.
 */
import { crc32 } from 'node:zlib'
import { MillraceError } from '../src/errors.ts'
import type { BlobInfo, BlobStore, BlobWriter } from '../src/storage/blob-store.ts'
import type { Random } from '../src/util/random.ts'
import { ChainCheck } from './checks/chain.ts'
import type { FaultPlan } from './faults.ts'
import { Violation, type Scheduler, type Scope } from './scheduler.ts'

/** One directory of blobs, with the checks that watch it. */
export class Directory {
  readonly location: string
  readonly blobs = new Map<string, Uint8Array>()
  readonly chain = new ChainCheck(this.blobs)

  constructor(location: string) {
    this.location = location
  }
}

export interface StoreWorld {
  readonly scheduler: Scheduler
  readonly faults: FaultPlan
  readonly random: Random
}

const LATENCY_MS_MAX = 0.8
const SLOW_MS_MAX = 400

/** All directories there are. */
export class SimStorage {
  readonly #world: StoreWorld
  readonly #directories = new Map<string, Directory>()
  operations = 0

  constructor(world: StoreWorld) {
    this.#world = world
  }

  directory(location: string): Directory {
    const directory = this.#directories.get(location) ?? new Directory(location)
    this.#directories.set(location, directory)
    return directory
  }

  /** How often a leader went on from a checkpoint in the middle of the input. */
  get resumed(): number {
    return [...this.#directories.values()].reduce((sum, { chain }) => sum + chain.resumed, 0)
  }

  /** True if a checkpoint of this lineage with this id or a later one is complete somewhere. */
  wasConfirmed(lineage: string, checkpointId: number): boolean {
    const all = [...this.#directories.values()]
    return all.some(({ chain }) => chain.wasConfirmed(lineage, checkpointId))
  }

  /** A store as one process or worker sees it. */
  open(location: string, scope: Scope): BlobStore {
    return new SimBlobStore(this, this.directory(location), scope)
  }

  /** What a reader gets of these bytes. */
  asRead(bytes: Uint8Array): Uint8Array {
    const { faults, random } = this.#world
    if (bytes.length === 0 || !faults.strikes('readFlip')) return bytes
    const flipped = new Uint8Array(bytes)
    const at = random.int(flipped.length)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << random.int(8))
    return flipped
  }

  /** Performs `effect` at one instant of the future, if nothing comes in between. */
  operate<T>(scope: Scope, what: Operation, effect: () => T): Promise<T> {
    const { scheduler, faults, random } = this.#world
    // What was killed in the middle of a step asks for nothing more.
    if (!scope.isAlive) return new Promise(() => undefined)
    this.operations++
    const slowMsMax = SLOW_MS_MAX * scheduler.scale.slowness
    const slowMs = faults.strikes('storeSlow') ? random.next() * slowMsMax : 0
    const failsBefore = faults.strikes('storeErrorBefore')
    const failsAfter = !failsBefore && faults.strikes('storeErrorAfter')
    const delayMs = random.next() * LATENCY_MS_MAX + slowMs
    const label = `${what.operation} ${what.name} ${what.check}`
    return new Promise((resolve, reject) => {
      scheduler.schedule(scheduler.world, delayMs, label, () => {
        if (!scope.isAlive && !(what.changes && faults.strikes('landsAfterCrash'))) return
        let answer: () => void
        try {
          if (failsBefore) throw injected(what)
          const result = effect()
          if (failsAfter) throw injected(what)
          answer = () => resolve(result)
        } catch (error) {
          if (error instanceof Violation) scheduler.fail(error)
          answer = () => reject(error)
        }
        scheduler.schedule(scope, random.next() * LATENCY_MS_MAX, 'answer', answer)
      })
    })
  }
}

interface Operation {
  readonly operation: string
  readonly name: string
  readonly changes: boolean
  /** Of the bytes written, for the trace. */
  readonly check: string
}

function injected({ operation, name }: Operation): MillraceError {
  return new MillraceError('STORAGE_FAILED', `injected: ${operation} of ${name} failed`)
}

class SimBlobStore implements BlobStore {
  readonly location: string
  readonly #storage: SimStorage
  readonly #directory: Directory
  readonly #scope: Scope
  #closed = false

  constructor(storage: SimStorage, directory: Directory, scope: Scope) {
    this.location = directory.location
    this.#storage = storage
    this.#directory = directory
    this.#scope = scope
  }

  async create(name: string): Promise<BlobWriter> {
    const chunks: Uint8Array[] = []
    let state: 'open' | 'closed' | 'given up' = 'open'
    return {
      write: async (chunk) => {
        if (state !== 'open') throw new Violation(`write to ${name}, which is ${state}`)
        const copy = new Uint8Array(chunk)
        await this.#operate('write', name, true, () => chunks.push(copy), chunk)
      },
      close: async () => {
        if (state === 'closed') return
        const bytes = Buffer.concat(chunks)
        await this.#operate('close', name, true, () => this.#putNew(name, bytes), bytes)
        state = 'closed'
      },
      abort: async () => {
        if (state === 'open') state = 'given up'
      },
    }
  }

  putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    const copy = new Uint8Array(bytes)
    const effect = (): boolean => {
      if (this.#directory.blobs.has(name)) return false
      this.#put(name, copy)
      return true
    }
    return this.#operate('put', name, true, effect, copy)
  }

  read(name: string, offsetBytes = 0, lengthBytes?: number): Promise<Uint8Array> {
    return this.#operate('read', name, false, () => {
      return this.#storage.asRead(this.#range(name, offsetBytes, lengthBytes))
    })
  }

  readSync(name: string, offsetBytes: number, lengthBytes: number): Uint8Array {
    if (this.#closed) throw new Violation('a synchronous read on a closed store')
    return this.#storage.asRead(this.#range(name, offsetBytes, lengthBytes))
  }

  stat(name: string): Promise<BlobInfo> {
    return this.#operate('stat', name, false, () => {
      return { name, lengthBytes: this.#blob(name).length }
    })
  }

  list(prefix: string): Promise<readonly BlobInfo[]> {
    return this.#operate('list', prefix, false, () => {
      const names = [...this.#directory.blobs.keys()].filter((name) => name.startsWith(prefix))
      return names.sort().map((name) => ({ name, lengthBytes: this.#blob(name).length }))
    })
  }

  delete(name: string): Promise<void> {
    return this.#operate('delete', name, true, () => {
      if (!this.#directory.blobs.delete(name)) return
      this.#checked(() => this.#directory.chain.deleted(name))
    })
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #operate<T>(
    operation: string,
    name: string,
    changes: boolean,
    effect: () => T,
    bytes?: Uint8Array,
  ): Promise<T> {
    if (this.#closed) return Promise.reject(new Violation(`${operation} on a closed store`))
    const check = bytes === undefined ? '' : crc32(bytes).toString(16)
    return this.#storage.operate(this.#scope, { operation, name, changes, check }, effect)
  }

  #putNew(name: string, bytes: Uint8Array): void {
    if (this.#directory.blobs.has(name)) {
      throw new MillraceError('STORAGE_CONFLICT', `blob ${name} exists already`)
    }
    this.#put(name, bytes)
  }

  #put(name: string, bytes: Uint8Array): void {
    this.#directory.blobs.set(name, bytes)
    this.#checked(() => this.#directory.chain.written(name, bytes))
  }

  #range(name: string, offsetBytes: number, lengthBytes: number | undefined): Uint8Array {
    const blob = this.#blob(name)
    const end = lengthBytes === undefined ? blob.length : offsetBytes + lengthBytes
    if (offsetBytes > blob.length || end > blob.length) {
      const range = `${offsetBytes} to ${end} of ${blob.length}`
      throw new MillraceError('STORAGE_CORRUPT', `${name}: bytes ${range} were asked for`)
    }
    return blob.slice(offsetBytes, end)
  }

  #blob(name: string): Uint8Array {
    const blob = this.#directory.blobs.get(name)
    if (blob !== undefined) return blob
    throw new MillraceError('STORAGE_NOT_FOUND', `no blob ${name} in ${this.location}`)
  }

  #checked(check: () => void): void {
    try {
      check()
    } catch (error) {
      throw new Violation(`${this.location}: ${error instanceof Error ? error.message : 'unknown'}`)
    }
  }
}
