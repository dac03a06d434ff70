/**
 * A store far away: it survives whatever becomes of the machines, answers after virtual time, and
 * fails by plan. An operation happens at one instant, whole or not at all; if the process that
 * asked for it is gone by then, the seed says whether it happens all the same.
 */
import { crc32 } from 'node:zlib'
import { MillraceError } from '../../src/errors.ts'
import type { BlobInfo, BlobStore, BlobWriter } from '../../src/storage/blob-store.ts'
import { Violation, type Scope } from '../scheduler.ts'
import type { SimKeys } from '../sim-keys.ts'
import { Directory } from './directory.ts'
import { flippedByChance, type MachineWorld } from './machine.ts'

/** One directory there, with what was in it a moment ago. */
export class FarDirectory extends Directory {
  readonly blobs: Map<string, Uint8Array>
  /** What has changed of late: what there was before, by name. */
  readonly #changes: { readonly atMs: number; readonly name: string; readonly before: number }[] =
    []

  constructor(location: string, keys?: SimKeys) {
    const blobs = new Map<string, Uint8Array>()
    super(location, blobs, undefined, keys)
    this.blobs = blobs
  }

  put(name: string, bytes: Uint8Array, atMs: number): void {
    this.#changes.push({ atMs, name, before: ABSENT })
    this.blobs.set(name, bytes)
    this.written(name, bytes)
  }

  delete(name: string, atMs: number): void {
    const before = this.blobs.get(name)?.length
    if (before === undefined) return
    this.#changes.push({ atMs, name, before })
    this.blobs.delete(name)
    this.deleted(name)
  }

  /** Names that start so, with their lengths, as they were at a time. */
  list(prefix: string, asOfMs: number): readonly BlobInfo[] {
    const lengths = new Map<string, number>()
    for (const [name, { length }] of this.blobs) {
      if (name.startsWith(prefix)) lengths.set(name, length)
    }
    for (const { atMs, name, before } of this.#changes.toReversed()) {
      if (atMs <= asOfMs) break
      if (!name.startsWith(prefix)) continue
      if (before === ABSENT) lengths.delete(name)
      else lengths.set(name, before)
    }
    const names = [...lengths.keys()].toSorted()
    return names.map((name) => ({ name, lengthBytes: lengths.get(name) ?? 0 }))
  }
}

const ABSENT = -1
const LATENCY_MS_MAX = 0.8
const SLOW_MS_MAX = 400
const UNAVAILABLE_MS_MAX = 300
const TIMEOUT_MS_MAX = 500
/** A list may be so much behind. */
const STALE_MS_MAX = 200

/** The service behind all directories there. */
export class FarStorage {
  readonly world: MachineWorld
  readonly #directories = new Map<string, FarDirectory>()
  #unavailableUntilMs = 0

  constructor(world: MachineWorld) {
    this.world = world
  }

  directory(location: string): FarDirectory {
    const directory = this.#directories.get(location) ?? new FarDirectory(location, this.world.keys)
    this.#directories.set(location, directory)
    return directory
  }

  /** A store as one process or worker sees it. */
  open(location: string, scope: Scope): BlobStore {
    return new FarStore(this, this.directory(location), scope)
  }

  /** Performs `effect` at one instant of the future, if nothing comes in between. */
  operate<T>(scope: Scope, what: Operation, effect: () => T): Promise<T> {
    const { scheduler, faults, random } = this.world
    // What was killed in the middle of a step asks for nothing more.
    if (!scope.isAlive) return new Promise(() => undefined)
    const { slowness } = scheduler.scale
    const slowMs = faults.strikes('storeSlow') ? random.next() * SLOW_MS_MAX * slowness : 0
    const timesOutBefore = faults.strikes('storeTimeoutBefore')
    const timesOutAfter = !timesOutBefore && faults.strikes('storeTimeoutAfter')
    const isRun = what.operation === 'close' && what.name.startsWith('runs/') && scope.isWorker
    const failsBefore =
      timesOutBefore ||
      this.#isUnavailable() ||
      faults.strikes('storeErrorBefore') ||
      (isRun && faults.strikes('runError'))
    const failsAfter = timesOutAfter || (!failsBefore && faults.strikes('storeErrorAfter'))
    const delayMs = random.next() * LATENCY_MS_MAX + slowMs
    const waitMs = timesOutBefore || timesOutAfter ? TIMEOUT_MS_MAX * slowness : LATENCY_MS_MAX
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
        scheduler.schedule(scope, random.next() * waitMs, 'answer', answer)
      })
    })
  }

  #isUnavailable(): boolean {
    const { scheduler, faults, random } = this.world
    if (faults.isHealed) return false
    if (scheduler.nowMs < this.#unavailableUntilMs) return true
    if (!faults.strikes('storeUnavailable')) return false
    this.#unavailableUntilMs =
      scheduler.nowMs + random.next() * UNAVAILABLE_MS_MAX * scheduler.scale.slowness
    return true
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

class FarStore implements BlobStore {
  readonly location: string
  /** Here any thread can reach it: what merges elsewhere meets its failures and its delays, too. */
  readonly plainLocation: string
  readonly #storage: FarStorage
  readonly #directory: FarDirectory
  readonly #scope: Scope
  #closed = false

  constructor(storage: FarStorage, directory: FarDirectory, scope: Scope) {
    this.location = directory.location
    this.plainLocation = directory.location
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
      return flippedByChance(this.#range(name, offsetBytes, lengthBytes), this.#storage.world)
    })
  }

  readSync(name: string, offsetBytes: number, lengthBytes: number): Uint8Array {
    if (this.#closed) throw new Violation('a synchronous read on a closed store')
    return flippedByChance(this.#range(name, offsetBytes, lengthBytes), this.#storage.world)
  }

  stat(name: string): Promise<BlobInfo> {
    return this.#operate('stat', name, false, () => {
      return { name, lengthBytes: this.#blob(name).length }
    })
  }

  list(prefix: string): Promise<readonly BlobInfo[]> {
    return this.#operate('list', prefix, false, () => {
      const { scheduler, faults, random } = this.#storage.world
      const lagMs = faults.strikes('staleList')
        ? random.next() * STALE_MS_MAX * scheduler.scale.slowness
        : 0
      return this.#directory.list(prefix, scheduler.nowMs - lagMs)
    })
  }

  delete(name: string): Promise<void> {
    return this.#operate('delete', name, true, () => this.#directory.delete(name, this.#nowMs))
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  get #nowMs(): number {
    return this.#storage.world.scheduler.nowMs
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
    this.#directory.put(name, bytes, this.#nowMs)
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
}
