/**
 * What people do with a job's checkpoints from the command line, each in a process of its own that
 * may be killed: going back, removing what nobody needs, making a savepoint of a checkpoint.
 */
import { rollBack } from '../../src/checkpoint/rollback.ts'
import { sweep } from '../../src/checkpoint/sweep.ts'
import { EncryptedBlobStore } from '../../src/encryption/encrypted-store.ts'
import { eraseStopped } from '../../src/runtime/erase-stopped.ts'
import { convertSavepoint } from '../../src/savepoint/convert.ts'
import { Snapshot } from '../../src/savepoint/snapshot.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import type { Random } from '../../src/util/random.ts'
import { SUBJECTS } from '../workloads/shredded.ts'
import type { FaultPlan } from '../faults.ts'
import { type Scheduler, Scope } from '../scheduler.ts'
import type { SimClock } from '../sim-clock.ts'
import type { SimStorage } from '../sim-store.ts'
import type { Erasures } from './erasures.ts'
import type { Place } from './place.ts'

const KILLED_AFTER_MS_MAX = 60
/** Sometimes an hour has passed for those who wait for marks to expire. */
const HOUR_MS = 3_600_000

export interface CommandWorld {
  readonly scheduler: Scheduler
  readonly faults: FaultPlan
  readonly storage: SimStorage
  readonly clock: SimClock
  readonly random: Random
  readonly place: Place
  readonly erasures: Erasures
  onError(what: string, error: unknown): void
}

export class Commands {
  readonly #world: CommandWorld
  #count = 0

  constructor(world: CommandWorld) {
    this.#world = world
  }

  /** Between two starts: perhaps the job goes back to an older checkpoint. */
  async betweenStarts(): Promise<void> {
    const { random } = this.#world
    const what = random.int(12)
    if (what === 0) await this.#rollBack()
    if (what === 1) await this.sweep()
    if (this.#world.erasures.areUsed && random.fork(`erase ${this.#count}`).int(2) === 0) {
      await this.erase()
    }
  }

  /** A subject of a job that does not run, or of which that is believed. */
  async erase(): Promise<void> {
    const { place, random, clock, erasures, storage } = this.#world
    const { location } = place
    if (!erasures.areUsed || !erasures.hasVault(location)) return
    const drawn = random.fork(`subject ${this.#count}`)
    const asked = erasures.asks(location, drawn.int(SUBJECTS))
    const subject = erasures.bytesOf(asked.subject)
    await this.#run('erase', location, async (store, scope) => {
      const { name: leader } = scope
      const ring = storage.keys.ring(drawn.fork(leader))
      const vaults = { store: new EncryptedBlobStore(storage.open(location, scope), ring), ring }
      const identity = { jobName: 'sim', leader, writtenAt: clock.now() }
      await eraseStopped(store, vaults, { subject, ...identity })
      erasures.erasedStopped(asked, leader)
    })
  }

  async #rollBack(): Promise<void> {
    const { place, random, clock, faults } = this.#world
    const ids = place.checkpointIds
    const checkpointId = ids[random.int(ids.length + 1)]
    if (checkpointId === undefined) return
    await this.#run('rollback', place.location, async (store) => {
      const leader = `rollback-${this.#count}`
      await rollBack(store, { checkpointId, jobName: 'sim', leader, writtenAt: clock.now() })
      faults.count('rollback')
    })
  }

  /** Beside a job that runs, or without one. */
  async sweep(): Promise<void> {
    const { place, random, clock, faults } = this.#world
    const nowMs = clock.now() + random.int(2) * HOUR_MS
    await this.#run('sweep', place.location, async (store) => {
      await sweep(store, { nowMs, isDryRun: random.int(4) === 0 })
      faults.count('sweep')
    })
  }

  /** @throws what the conversion throws: nothing disturbs it. */
  async convert(from: string, to: string, maxParallelism: number): Promise<void> {
    const { storage, clock, faults, random } = this.#world
    const scope = new Scope('convert')
    const subjects = this.#world.erasures.keysOf(this.#world.place.location)
    const at = (location: string): BlobStore =>
      storage.keys.storeFor(storage.open(location, scope), random.fork(location), subjects)
    await using snapshot = await Snapshot.open(at(from))
    const spec = { from: snapshot, maxParallelism, clock }
    await convertSavepoint(at(to), spec)
    faults.count('conversion')
  }

  /** Some commands are killed in the middle; the others end before anything else happens. */
  async #run(
    what: string,
    location: string,
    work: (store: BlobStore, scope: Scope) => Promise<void>,
  ): Promise<void> {
    const { storage, random, clock, scheduler } = this.#world
    const scope = new Scope(`${what}-${++this.#count}`)
    const store = storage.keys.storeFor(storage.open(location, scope), random.fork(scope.name))
    const lost = new Promise<void>((resolve) => storage.attach(storage.machineOf(0), resolve))
    scheduler.note(scope.name, 'begins')
    const done = work(store, scope).catch((error: unknown) => this.#world.onError(what, error))
    const killed =
      !this.#world.faults.isHealed && random.int(3) === 0
        ? clock.sleep(random.next() * KILLED_AFTER_MS_MAX)
        : done
    await Promise.race([done, killed, lost])
    scope.kill()
  }
}
