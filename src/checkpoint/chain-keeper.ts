/**
 * The chain in the hands of its leader: what it has read and written of it, appending the next
 * checkpoint, and deleting from the front. One append at a time, one collection at a time.
 */
import type { Logger } from '../metrics/log.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { assert } from '../util/assert.ts'
import type { Clock } from '../util/clock.ts'
import {
  type Chain,
  type ChainEntry,
  type ChainHead,
  appendLink,
  headAt,
  wasAppended,
} from './chain.ts'
import { collectGarbage } from './collect-garbage.ts'
import type { Reach } from './crash-points.ts'
import type { CheckpointLink, ManifestLink } from './manifest.ts'
import type { AliveAttempt } from './retention.ts'

export interface ChainKeeperOptions {
  /** As the own fence left it. */
  readonly chain: Chain
  readonly keep: number
  /** A checkpoint was restored and is not verified yet: no link is deleted. */
  readonly unverified: boolean
}

/** What a keeper may use of the world. */
export interface ChainKeeperWorld {
  readonly store: BlobStore
  readonly clock: Clock
  readonly logger: Logger
  readonly reach: Reach
}

/** `doubtful`: the put failed, but the link may be there; the attempt must end. */
export type AppendOutcome =
  | { readonly kind: 'appended'; readonly sequence: number }
  | { readonly kind: 'lost' }
  | { readonly kind: 'failed' | 'doubtful'; readonly error: unknown }

export type CheckpointBody = Omit<
  CheckpointLink,
  'formatVersion' | 'sequence' | 'previousHash' | 'writtenAt'
>

export class ChainKeeper {
  readonly #world: ChainKeeperWorld
  readonly #keep: number
  readonly #held = new Set<number>()
  /** Links that are damaged or missing, and what is left of those that were given up. */
  #damaged: readonly number[]
  #head: ChainHead
  #links: readonly ManifestLink[]
  #unverified: boolean
  #collecting = false

  constructor(options: ChainKeeperOptions, world: ChainKeeperWorld) {
    this.#world = world
    this.#keep = options.keep
    this.#head = options.chain.head
    this.#links = options.chain.entries.map((entry) => entry.link)
    const { damage, givenUp } = options.chain
    this.#damaged = [...givenUp, ...damage].map(({ sequence }) => sequence)
    this.#unverified = options.unverified
  }

  get head(): ChainHead {
    return this.#head
  }

  /** The links that are left, oldest first. */
  get links(): readonly ManifestLink[] {
    return this.#links
  }

  /** Another part of this leadership has put a link after the head. */
  appended(entry: ChainEntry): void {
    assert(entry.link.sequence === this.#head.sequence + 1, 'a link follows the head')
    this.#head = headAt(entry)
    this.#links = [...this.#links, entry.link]
  }

  /** The commit point of a checkpoint. */
  async append(body: CheckpointBody): Promise<AppendOutcome> {
    const { store, clock, reach } = this.#world
    const place = this.#head
    assert(body.leaderEpoch === place.leaderEpoch, 'a leader appends after its own fence only')
    await reach('before-manifest')
    try {
      const entry = await appendLink(store, place, { ...body, writtenAt: clock.now() })
      if (entry === 'lost') return { kind: 'lost' }
      this.appended(entry)
    } catch (error) {
      return { kind: (await wasAppended(store, place)) === false ? 'failed' : 'doubtful', error }
    }
    await reach('after-manifest')
    return { kind: 'appended', sequence: this.#head.sequence }
  }

  /** A checkpoint is being read back: no link goes until all of it has been. */
  unverified(): void {
    this.#unverified = true
  }

  /** The restored checkpoint has been read to its last block. */
  verified(): void {
    this.#unverified = false
  }

  /** Keeps a checkpoint and its runs while `work` goes on. */
  async holding(sequence: number, work: (link: CheckpointLink) => Promise<void>): Promise<void> {
    const link = this.#links.find((candidate) => candidate.sequence === sequence)
    assert(link?.kind === 'checkpoint', `there is no checkpoint with sequence ${sequence}`)
    this.#held.add(sequence)
    try {
      await work(link)
    } finally {
      this.#held.delete(sequence)
    }
  }

  /**
   * Deletes what need not stay. A failure harms nobody: it is logged, and the next collection finds
   * what this one left.
   */
  async collect(alive: AliveAttempt): Promise<void> {
    if (this.#collecting) return
    this.#collecting = true
    const { store, clock, logger, reach } = this.#world
    const headSequence = this.#head.sequence
    try {
      const request = {
        links: this.#links,
        keep: this.#keep,
        held: [...this.#held],
        unverified: this.#unverified,
        damaged: this.#damaged,
        alive,
        nowMs: clock.now(),
      }
      const collection = await collectGarbage(store, request, reach)
      const { links, damaged, deletedLinks, deletedRuns } = collection
      const newer = this.#links.filter((link) => link.sequence > headSequence)
      this.#links = [...links, ...newer]
      this.#damaged = damaged
      logger.debug({ deletedLinks, deletedRuns }, 'old checkpoints deleted')
    } catch (error) {
      logger.warn({ err: error }, 'old checkpoints could not be deleted; tried again later')
    } finally {
      this.#collecting = false
    }
  }
}
