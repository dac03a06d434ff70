/**
 * Erasures that were asked for in a seed, and what must hold of those that were acknowledged: the
 * newest vault does not make the subject's key any more, and every checkpoint and savepoint that
 * is there gives nothing of it, but all of everybody else. A subject that comes back begins anew
 * where the next leader went on.
 */
import { RememberedKeys } from '../../src/encryption/subjects/remembered-keys.ts'
import { decodeVault } from '../../src/encryption/subjects/vault-codec.ts'
import type { SubjectKeys } from '../../src/storage/subject-keys.ts'
import type { Vault } from '../../src/encryption/subjects/vault.ts'
import type { Random } from '../../src/util/random.ts'
import { bytesOfSubject } from '../../src/runtime/erasures.ts'
import type { KnownLink } from '../checks/chain.ts'
import type { FaultPlan } from '../faults.ts'
import { Scope } from '../scheduler.ts'
import type { SimClock } from '../sim-clock.ts'
import type { SimStorage } from '../sim-store.ts'
import { type Acknowledged, type Asked, ErasedReading } from '../witness/erased-reading.ts'
import { bytesOfLink } from '../witness/shredded-content.ts'
import { SUBJECTS, subjectOf } from '../workloads/shredded.ts'
import type { KeyKind, Workload } from '../workloads/workload.ts'

export interface ErasureWorld {
  readonly storage: SimStorage
  readonly faults: FaultPlan
  readonly random: Random
}

/** A copy that is not made by then is begun anew. */
const CARRY_MS_MAX = 2_000

export class Erasures {
  /** Whether the job has subjects: those of most seeds have none. */
  readonly areUsed: boolean
  readonly kind: KeyKind
  readonly #storage: SimStorage
  readonly #faults: FaultPlan
  readonly #reading: ErasedReading
  readonly #random: Random
  #carries = 0
  readonly #timesAsked = new Map<number, number>()
  #acknowledged: readonly Acknowledged[] = []
  /** By the storage of the job that wrote them. */
  readonly #savepoints = new Map<string, Set<string>>()

  constructor({ storage, faults, random }: ErasureWorld, workload: Workload) {
    this.#random = random
    const node = workload.nodes.find((each) => each.kind === 'shredded')
    this.areUsed = node !== undefined
    this.kind = node?.kind === 'shredded' ? node.key : 'number'
    this.#storage = storage
    this.#faults = faults
    this.#reading = new ErasedReading(workload, faults)
  }

  /** Of the subject of a key, whatever came of it. */
  timesAsked(k: number): number {
    return this.#timesAsked.get(k % SUBJECTS) ?? 0
  }

  /** True where a job has its vault already: erasing from another place makes one that is new. */
  hasVault(location: string): boolean {
    return this.#storage.directory(location).vaults.length > 0
  }

  asks(location: string, subject: number): Asked {
    this.#timesAsked.set(subject, this.timesAsked(subject) + 1)
    const tag = this.#newestVault(location)?.tagOf(this.bytesOf(subject))
    return { location, subject, tag, savepoints: new Set(this.#savepoints.get(location)) }
  }

  bytesOf(subject: number): Uint8Array {
    return bytesOfSubject(subjectOf(subject, this.kind))
  }

  /** The job that runs went on from this checkpoint without the subject. */
  erased(asked: Asked, checkpointId: number): void {
    const { history } = this.#storage.directory(asked.location).chain
    const link = history.findLast((each) => each.checkpointId === checkpointId)
    this.#acknowledge(asked, link?.leaderEpoch ?? 0)
  }

  /** The tool has said so, under its fence. */
  erasedStopped(asked: Asked, leader: string): void {
    const { history } = this.#storage.directory(asked.location).chain
    const fence = history.findLast((each) => each.kind === 'fence' && each.leader === leader)
    this.#acknowledge(asked, (fence?.leaderEpoch ?? 1) - 1)
  }

  /** A job with these checkpoints has written it. */
  savepoint(location: string, savepoint: string): void {
    const all = this.#savepoints.get(location) ?? new Set()
    this.#savepoints.set(location, all.add(savepoint))
  }

  /** The keys by which whoever has the vault reads what the job has written. */
  keysOf(location: string): SubjectKeys | undefined {
    const vault = this.#newestVault(location)
    return vault && new RememberedKeys(vault)
  }

  /** A user puts a copy of the vault beside what another job is to write; tries until it is. */
  async carry(from: string, to: string, clock: SimClock): Promise<void> {
    const { keys } = this.#storage
    while (!this.hasVault(to)) {
      const source = this.#storage.directory(from)
      const name = source.vaults.at(-1)
      const bytes = name === undefined ? undefined : source.bytesOf(name)
      if (name === undefined || bytes === undefined) return
      const scope = new Scope(`carry-${++this.#carries}`)
      const store = this.#storage.open(to, scope)
      const put = keys.storeFor(store, this.#random.fork(scope.name)).putIfAbsent(name, bytes)
      const isPut = await Promise.race([put.catch(() => false), clock.sleep(CARRY_MS_MAX)])
      scope.kill()
      if (isPut === true) this.#carried(from, to)
    }
  }

  #carried(from: string, to: string): void {
    const own = this.#acknowledged.filter(({ location }) => location === from)
    const there = own.map((each) => ({ ...each, location: to, lastEpoch: 0 }))
    this.#acknowledged = [...this.#acknowledged, ...there]
    for (const savepoint of this.#savepoints.get(from) ?? []) this.savepoint(to, savepoint)
  }

  /** Looks at all that can be read of the job now; the reading itself ends some time later. */
  look(location: string): void {
    if (!this.areUsed || this.#faults.hasDamage) return
    const vault = this.#newestVault(location)
    if (vault === undefined) return
    const acknowledged = this.#acknowledged.filter((each) => each.location === location)
    for (const { tag, subject } of acknowledged) {
      if (tag === undefined || !vault.has(tag)) continue
      this.#reading.violated(`${location}: the key of erased subject ${subject} is there again`)
    }
    const asked = Array.from({ length: SUBJECTS }, (_, subject) => this.timesAsked(subject))
    const world = { vault, acknowledged, asked }
    const directory = this.#storage.directory(location)
    const { links, history } = directory.chain
    for (const link of links.values()) {
      if (link.kind !== 'checkpoint') continue
      this.#reading.add({ ...world, location, link, history, files: bytesOfLink(directory, link) })
    }
    for (const savepoint of this.#savepoints.get(location) ?? []) {
      const there = this.#storage.directory(savepoint)
      for (const link of there.chain.links.values()) {
        const files = bytesOfLink(there, link)
        if (link.kind !== 'checkpoint' || isGoing(link, files)) continue
        this.#reading.add({ ...world, location: savepoint, link, history: [], files })
      }
    }
  }

  /** @throws Violation if anything that was looked at is not as it must be. */
  async settled(): Promise<void> {
    await this.#reading.settled()
  }

  /** @throws Violation unless there is one vault, where a job has come to its end. */
  requireOneVault(location: string): void {
    if (!this.areUsed || this.#faults.hasDamage) return
    const { vaults } = this.#storage.directory(location)
    if (vaults.length === 1) return
    this.#reading.violated(`${location}: ${vaults.length} vaults are left: ${vaults.join(', ')}`)
  }

  #acknowledge(asked: Asked, lastEpoch: number): void {
    this.#faults.count('erasure')
    this.#acknowledged = [...this.#acknowledged, { ...asked, lastEpoch }]
    this.look(asked.location)
  }

  #newestVault(location: string): Vault | undefined {
    const directory = this.#storage.directory(location)
    const name = directory.vaults.at(-1)
    const bytes = name === undefined ? undefined : directory.bytesOf(name)
    return bytes === undefined ? undefined : decodeVault(bytes, `${location}: ${name}`).vault
  }
}

/** Somebody has claimed the savepoint and deletes it. */
function isGoing(link: KnownLink, files: ReadonlyMap<string, Uint8Array>): boolean {
  return [...link.runs.keys()].some((name) => !files.has(name))
}
