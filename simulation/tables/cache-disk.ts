/** The disk that blocks are cached on: it fails at times, and at times gives other bits. */
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import type { Scratch, ScratchFile } from '../../src/storage/scratch.ts'
import type { Random } from '../../src/util/random.ts'
import { flippedOnce } from '../disk/machine.ts'
import type { ServerFaults } from './line.ts'

export class CacheDisk implements Scratch {
  readonly directory = 'cache'
  readonly #memory = new MemoryScratch()
  readonly #faults: ServerFaults
  readonly #random: Random

  constructor(faults: ServerFaults, random: Random) {
    this.#faults = faults
    this.#random = random
  }

  create(name: string): ScratchFile {
    this.#mayFail()
    const file = this.#memory.create(name)
    return {
      get lengthBytes() {
        return file.lengthBytes
      },
      append: (bytes) => {
        this.#mayFail()
        file.append(bytes)
      },
      read: (offsetBytes, lengthBytes) => {
        this.#mayFail()
        const bytes = file.read(offsetBytes, lengthBytes)
        return this.#faults.strikes('cacheFlip') ? flippedOnce(bytes, this.#random) : bytes
      },
      delete: () => file.delete(),
    }
  }

  close(): void {
    this.#memory.close()
  }

  #mayFail(): void {
    if (this.#faults.strikes('cacheError')) throw new Error('injected: the disk has failed')
  }
}
