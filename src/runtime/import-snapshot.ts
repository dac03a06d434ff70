/**
 * The way from a foreign snapshot (a savepoint, another job's checkpoint) into the storage of a
 * job, beside the running job: its runs are linked or copied under names of this job, then one link
 * makes it a checkpoint of its own. Until then the runs are read where they are, no own checkpoint
 * begins, and the fence says what is being imported, so that whoever leads next goes on with it.
 */
import { type ChainEntry, type ChainHead, appendLink } from '../checkpoint/chain.ts'
import { type Claimant, deleteClaimed } from '../checkpoint/claims.ts'
import { shareRun } from '../checkpoint/copy-run.ts'
import { runName } from '../checkpoint/layout.ts'
import type {
  CheckpointLink,
  ImportRecord,
  TaskRecord,
  VaultRecord,
} from '../checkpoint/manifest.ts'
import type { ForeignRuns } from '../checkpoint/messages.ts'
import { HeldPin } from '../checkpoint/pins.ts'
import { runsOf } from '../checkpoint/registry.ts'
import { MillraceError, isMillraceError } from '../errors.ts'
import type { RunReference } from '../state/snapshot.ts'
import type { Logger } from '../metrics/log.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { Host } from './host.ts'

/** Files that are brought over at the same time. */
const AT_ONCE = 4

/** A snapshot outside the job's own storage, open. */
export interface ForeignSnapshot {
  readonly store: BlobStore
  readonly link: CheckpointLink
  readonly record: ImportRecord
}

/** How far an import is, for `status`. */
export interface ImportProgress {
  /** Where the snapshot is; it is needed until the import is over. */
  readonly from: string
  readonly files: number
  readonly filesHere: number
  readonly bytes: number
  readonly bytesHere: number
}

/** The job that the snapshot becomes one of. */
export interface ImportTarget {
  readonly host: Host
  readonly store: BlobStore
  readonly logger: Logger
  readonly jobName: string
  readonly lineage: string
  readonly leaderEpoch: number
  /** Of the job's own storage, for what it claims. */
  readonly self: Claimant
  /** Its vault, which must be that of the snapshot. */
  readonly subjects?: VaultRecord
  /** Its head is the own fence. */
  readonly head: ChainHead
}

export class SnapshotImport {
  readonly #foreign: ForeignSnapshot
  readonly #target: ImportTarget
  /** Names here by names there. */
  readonly #names: ReadonlyMap<string, string>
  readonly #pin: HeldPin
  readonly #abort = new AbortController()
  #running: Promise<unknown> | undefined
  #filesHere = 0
  #bytesHere = 0

  constructor(foreign: ForeignSnapshot, target: ImportTarget) {
    this.#foreign = foreign
    this.#target = target
    this.#names = ownNames(foreign)
    const { host, logger } = target
    this.#pin = new HeldPin(foreign.store, foreign.link.sequence, host, (error) => {
      logger.warn({ err: error }, `${foreign.store.location} cannot be marked as being read`)
    })
  }

  /** What the job goes on from: the link that will be put when everything is here. */
  get restored(): CheckpointLink {
    const { link, record } = this.#foreign
    const { host, jobName, lineage, leaderEpoch, head } = this.#target
    const own = { jobName, lineage, leaderEpoch, checkpointId: record.ownCheckpointId }
    const place = { sequence: head.sequence + 1, previousHash: head.hash }
    const facts = { purpose: 'rollback', finished: false, writtenAt: host.clock.now() } as const
    const tasks = link.tasks.map((task) => this.#renamed(task))
    const claimed = { location: record.location, lineage: link.lineage }
    const owned = record.claims === true ? { claimed } : {}
    const { claimed: _former, subjects: _there, ...body } = link
    const { subjects } = this.#target
    const sealed = subjects === undefined ? {} : { subjects }
    return { ...body, ...own, ...place, ...facts, tasks, ...owned, ...sealed }
  }

  /** For workers, that read what is not here yet in its place. */
  get foreignRuns(): ForeignRuns {
    const names = [...this.#names].map(([there, own]) => [own, there] as const)
    return { location: this.#foreign.record.location, names }
  }

  get progress(): ImportProgress {
    const runs = runsOf(this.#foreign.link)
    return {
      from: this.#foreign.store.location,
      files: runs.length,
      filesHere: this.#filesHere,
      bytes: runs.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
      bytesHere: this.#bytesHere,
    }
  }

  /**
   * Brings everything over and puts the link; call it when the tasks have been restored.
   *
   * @throws `CHECKPOINT_NOT_FOUND` if a file of the snapshot is gone; `LEADERSHIP_LOST`; what the
   *   stores throw. The next attempt finds what came before that.
   */
  run(): Promise<ChainEntry> {
    const running = this.#run()
    this.#running = running.catch(() => undefined)
    return running
  }

  /** Resolves when nothing is written any more; what is here stays, for the next attempt. */
  async close(): Promise<void> {
    this.#abort.abort(new MillraceError('JOB_CANCELLED', 'the import was ended'))
    await this.#running
    await this.#pin.release()
    await this.#foreign.store.close()
  }

  async #run(): Promise<ChainEntry> {
    const { host, store, logger, head } = this.#target
    const { link, store: from } = this.#foreign
    const { files, bytes } = this.progress
    logger.info(
      { from: from.location, files, bytes },
      'importing; the snapshot is needed meanwhile',
    )
    await this.#pin.hold()
    const waiting = runsOf(link).toReversed()
    const next = async (): Promise<void> => {
      for (let run = waiting.pop(); run !== undefined; run = waiting.pop()) {
        await this.#bring(run)
        await host.at('run-imported')
        this.#filesHere++
        this.#bytesHere += run.lengthBytes
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, next))
    this.#abort.signal.throwIfAborted()
    await host.at('before-import-link')
    const { sequence: _sequence, previousHash: _hash, ...body } = this.restored
    const entry = await appendLink(store, head, body)
    if (entry === 'lost') {
      throw new MillraceError('LEADERSHIP_LOST', `${store.location}: another process took over`)
    }
    await host.at('after-import-link')
    await this.#pin.release()
    logger.info({ from: from.location }, 'imported; the snapshot is needed no more')
    await this.#deleteClaimed()
    return entry
  }

  async #bring(run: RunReference): Promise<void> {
    const { store } = this.#target
    const { store: from } = this.#foreign
    const own = { ...run, name: this.#ownName(run.name) }
    const { signal } = this.#abort
    try {
      await shareRun({ from, name: run.name, to: store, run: own, signal })
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'STORAGE_NOT_FOUND') throw error
      throw foreignGone(from, `${run.name} is gone before it was imported`, error)
    }
  }

  /** Should it fail, the next start does it, for as long as it goes on from this link. */
  async #deleteClaimed(): Promise<void> {
    const { host, logger, self } = this.#target
    const { store: from, record } = this.#foreign
    if (record.claims !== true) return
    try {
      await deleteClaimed(from, self)
      await host.at('claimed-deleted')
    } catch (error) {
      logger.warn({ err: error }, `${from.location}: what was claimed could not be deleted`)
    }
  }

  #ownName(name: string): string {
    return this.#names.get(name) ?? name
  }

  #renamed(task: TaskRecord): TaskRecord {
    const { runs, records } = task
    return {
      ...task,
      runs: runs.map((run) => ({ ...run, name: this.#ownName(run.name) })),
      ...(records === undefined
        ? {}
        : { records: { ...records, name: this.#ownName(records.name) } }),
    }
  }
}

/** A snapshot that was to be imported is not there any more, or another one is in its place. */
export function foreignGone(store: BlobStore, what: string, cause?: unknown): MillraceError {
  return new MillraceError('CHECKPOINT_NOT_FOUND', `${store.location}: ${what}`, {
    cause,
    cure: 'put it back, or start from another with --from, or without state with --fresh',
    details: { directory: store.location },
  })
}

/** The same at every start, so that what was brought over before a crash is found again. */
function ownNames({ link, record }: ForeignSnapshot): ReadonlyMap<string, string> {
  const { leaderEpoch, ownCheckpointId: checkpointId } = record
  const names = new Map<string, string>()
  for (const { vertex, subtaskIndex, runs, records } of link.tasks) {
    for (const { name } of records === undefined ? runs : [...runs, records]) {
      if (names.has(name)) continue
      const merge = names.size + 1
      names.set(name, runName({ leaderEpoch, checkpointId, vertex, subtaskIndex, merge }))
    }
  }
  return names
}
