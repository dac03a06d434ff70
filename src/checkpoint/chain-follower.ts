/**
 * Following a chain that another process writes: what a standby knows of it, and what it does so
 * that a takeover finds everything at hand. It pins the newest checkpoint, so that nothing is
 * deleted under its hands, and reads each new run once, block by block: that leaves it in the
 * caches of the system and finds damage before it matters.
 */
import { messageOf } from '../errors.ts'
import type { Logger } from '../metrics/log.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { Clock } from '../util/clock.ts'
import { type Chain, givenUpBy, readChain } from './chain.ts'
import { readRun } from './damage.ts'
import { CHAIN_PREFIX, type Pin, sequenceOfLink } from './layout.ts'
import type { ChainSight } from './lease.ts'
import { lineOf } from './line.ts'
import type { CheckpointLink } from './manifest.ts'
import { pin, unpin } from './pins.ts'
import { runsOf } from './registry.ts'

/** Long beside a lease, so that it outlasts a stall; renewed when half of it is over. */
const PIN_MS = 300_000

export interface FollowerWorld {
  readonly store: BlobStore
  readonly clock: Clock
  readonly logger: Logger
}

export class ChainFollower {
  readonly #world: FollowerWorld
  readonly #holder: string
  #headName: string | undefined
  #headSequence = 0
  #lookedAtMs: number | undefined
  #sight: ChainSight | undefined
  #newest: CheckpointLink | undefined
  #pin: Pin | undefined
  #read = new Set<string>()

  /** @param holder letters and digits, for its pins */
  constructor(holder: string, world: FollowerWorld) {
    this.#holder = holder
    this.#world = world
  }

  /** The checkpoint that would be restored now. */
  get newest(): CheckpointLink | undefined {
    return this.#newest
  }

  /** The number of the newest link that was seen; 0: there is none. */
  get headSequence(): number {
    return this.#headSequence
  }

  /** Looks whether the chain has grown. */
  async look(): Promise<ChainSight> {
    const { store, clock } = this.#world
    const names = await store.list(CHAIN_PREFIX)
    const atMs = clock.monotonic()
    const headName = names.at(-1)?.name
    if (this.#sight === undefined || headName !== this.#headName) {
      const chain = await readChain(store)
      // A list may lag behind the one before it: then the chain is read again at the next look.
      const listed = headName === undefined ? 0 : (sequenceOfLink(headName) ?? 0)
      const known = [chain.head, ...chain.damage].map(({ sequence }) => sequence)
      this.#headName = Math.max(...known) < listed ? undefined : headName
      this.#headSequence = chain.head.sequence
      this.#newest = lineOf(chain.entries.map(({ link }) => link)).at(-1)
      this.#sight = sightOf(chain, this.#lookedAtMs, atMs)
    }
    this.#lookedAtMs = atMs
    return this.#sight
  }

  /** Pins the newest checkpoint and reads what is new of it. Failing is no harm: it is logged. */
  async warm(signal: AbortSignal): Promise<void> {
    const link = this.#newest
    if (link === undefined) return
    try {
      await this.#hold(link.sequence)
      const runs = runsOf(link)
      for (const run of runs) {
        if (signal.aborted) return
        if (this.#read.has(run.name)) continue
        await readRun(this.#world.store, run)
        this.#read.add(run.name)
      }
      const needed = new Set(runs.map(({ name }) => name))
      this.#read = this.#read.intersection(needed)
    } catch (error) {
      const fields = { checkpoint: link.checkpointId, err: error }
      this.#world.logger.warn(fields, `checkpoint cannot be followed: ${messageOf(error)}`)
    }
  }

  /** Gives the pin up. */
  async close(): Promise<void> {
    const held = this.#pin
    this.#pin = undefined
    if (held !== undefined) await unpin(this.#world.store, held).catch(() => undefined)
  }

  async #hold(sequence: number): Promise<void> {
    const { store, clock } = this.#world
    const former = this.#pin
    const nowMs = clock.now()
    if (former?.sequence === sequence && former.expiresAtMs - nowMs > PIN_MS / 2) return
    const mark = { sequence, expiresAtMs: nowMs + PIN_MS, holder: this.#holder }
    this.#pin = await pin(store, mark)
    if (former !== undefined) await unpin(store, former)
  }
}

function sightOf(chain: Chain, beforeMs: number | undefined, atMs: number): ChainSight {
  const { entries, head } = chain
  const links = entries.map(({ link }) => link)
  const fence = links.findLast((link) => link.kind === 'fence')
  const last = links.at(-1)
  const isGivenUp = givenUpBy(chain) !== undefined
  const isEnd = last?.kind === 'checkpoint' && (last.finished || last.purpose === 'stop')
  return {
    leaderEpoch: head.leaderEpoch,
    leader: fence?.leader,
    hasEnded: head.sequence === 0 || isEnd || isGivenUp,
    isGivenUp,
    isOld: beforeMs === undefined,
    sinceMs: beforeMs ?? atMs,
  }
}
