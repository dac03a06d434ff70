/**
 * A disk that keeps every operation in a log, from which `lostPower` works out the disks that a
 * crash may leave; under the local store. What survives is the rule of `simulation/disk/`.
 */
import { join } from 'node:path'
import { Disk, type Image, type Operation } from '../../simulation/disk/disk.ts'
import { filesOn } from '../../simulation/disk/files.ts'
import type { FileOperations } from '../../src/storage/local-files.ts'

export type Logged =
  | Operation
  /** Something was promised to somebody: from here on it must be there. */
  | { readonly kind: 'promise'; readonly what: string }

export interface CrashDiskOptions {
  /** A disk that lies: it takes these for done without doing them. */
  readonly ignores?: 'sync-file' | 'sync-folder'
}

export class CrashDisk {
  readonly log: Logged[] = []
  /** What was there durably when the log began. */
  readonly initial: Image
  readonly #disk: Disk
  readonly #options: CrashDiskOptions

  constructor(initial: Image = new Map(), options: CrashDiskOptions = {}) {
    this.initial = new Map(initial)
    this.#options = options
    this.#disk = new Disk(initial, (operation) => this.log.push(operation))
  }

  promise(what: string): void {
    this.log.push({ kind: 'promise', what })
  }

  /** The files as a process sees them, synced or not. */
  get image(): Image {
    return this.#disk.image
  }

  /** Those of a process. `turn` is awaited before each: it lets a test choose who is next. */
  operations(turn: () => Promise<void> = async () => undefined): FileOperations {
    const { ignores } = this.#options
    return filesOn(this.#disk, {
      perform: async (_operation, _path, effect) => {
        await turn()
        return effect()
      },
      skipsSync: (path) => ignores === (path.endsWith('/') ? 'sync-folder' : 'sync-file'),
    })
  }
}

/** Where a store of a location lies on this disk. */
export const placeOf = (location: string) => join('/disk', location)
