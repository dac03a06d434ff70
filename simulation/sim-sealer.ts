/**
 * Seals blocks as the thread of production does, which may take its time for each batch, and be
 * faster with one than with that before it: here each block is a batch.
 */
import type { BlockSealer, SealBatch, Sealed, SealOptions } from '../src/state/runs/sealer.ts'
import type { Clock } from '../src/util/clock.ts'
import type { Random } from '../src/util/random.ts'

const SEAL_MS_MAX = 3

export class SimSealer implements BlockSealer {
  readonly fromBytes = 0
  readonly batchBytes = 1
  readonly spare: SealBatch[] = []
  readonly #clock: Clock
  readonly #random: Random

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  async seal(batch: SealBatch, options: SealOptions): Promise<readonly Sealed[]> {
    await this.#clock.sleep(this.#random.int(SEAL_MS_MAX))
    return batch.sealed(batch.sealForOthers(options))
  }
}
