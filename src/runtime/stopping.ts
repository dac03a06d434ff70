/**
 * The wish that a job stops: with a savepoint or without, now or when its input has been ended. It
 * is put to the attempt that runs, and outlives it: should that fail on the way, the next one is
 * asked again. Whoever asks for the same once more, because an answer was lost, gets the same one.
 */
import type { CheckpointLink } from '../checkpoint/manifest.ts'
import type { RequestOutcome, RequestPurpose } from '../checkpoint/protocol.ts'
import { requireRoom, writeSavepoint } from '../checkpoint/savepoint.ts'
import { MillraceError } from '../errors.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { Host } from './host.ts'
import { withStore } from './job-setup.ts'

/** Of an attempt, what stopping it takes. */
export interface Stoppable {
  /** Nothing more will come of it. */
  readonly hasEnded: boolean
  request(purpose: RequestPurpose, savepoint?: string): Promise<RequestOutcome>
  drain(): void
}

export class Stopping {
  readonly #savepoint: string | undefined
  readonly #drains: boolean
  /** Only this process ends: standbys go on with the job. */
  readonly leaves: boolean
  readonly #answer = Promise.withResolvers<void>()
  #lastError: unknown
  /** Hash of the manifest of the savepoint, should it be written before the attempt fails. */
  #written: string | undefined

  constructor(savepoint: string | undefined, drains: boolean, leaves = false) {
    this.#savepoint = savepoint
    this.leaves = leaves
    this.#drains = drains
    // Who asked may have gone.
    this.#answer.promise.catch(() => undefined)
  }

  /** Resolves when the last checkpoint is complete and committed, and the savepoint written. */
  get done(): Promise<void> {
    return this.#answer.promise
  }

  /**
   * The answer for another one who asks.
   *
   * @throws `JOB_NOT_RUNNING` if it asks for a savepoint that this stop does not write.
   */
  async join(savepoint: string | undefined): Promise<void> {
    if (savepoint === undefined || savepoint === this.#savepoint) return await this.done
    const how = this.#savepoint === undefined ? 'without one' : `with one in ${this.#savepoint}`
    throw new MillraceError('JOB_NOT_RUNNING', `no savepoint: the job is being stopped ${how}`, {
      cure: 'copy its last checkpoint with `millrace checkpoint convert` when it has stopped',
    })
  }

  /** False if the savepoint cannot be written there; then that is the answer. */
  async isPossible(world: { readonly host: Host }): Promise<boolean> {
    if (this.#savepoint === undefined) return true
    try {
      await requireRoomIn(world, this.#savepoint)
      return true
    } catch (error) {
      this.#answer.reject(error)
      return false
    }
  }

  /** Asks an attempt to stop. False: its last checkpoint failed, and the job goes on. */
  async ask(attempt: Stoppable): Promise<boolean> {
    try {
      if (this.#drains) attempt.drain()
      const purpose = this.#drains ? 'drain' : 'stop'
      const { checkpointId, committed } = await attempt.request(purpose, this.#savepoint)
      // Else the attempt has ended in between: the next one commits the output, and is asked again.
      if (committed) this.#answer.resolve()
      else this.#lastError = uncommitted(checkpointId, this.#savepoint)
      return true
    } catch (error) {
      this.#lastError = error
      if (attempt.hasEnded) return true
      this.#answer.reject(error)
      return false
    }
  }

  /** There is no next attempt. */
  jobEnded(): void {
    if (this.#savepoint === undefined) return this.#answer.resolve()
    const message = 'the job has ended before the savepoint was written'
    this.#answer.reject(this.#lastError ?? new MillraceError('JOB_NOT_RUNNING', message))
  }

  /** A savepoint was written for this wish by an attempt that failed then: it may be replaced. */
  get written(): string | undefined {
    return this.#written
  }

  wrote(directory: string, hash: string): void {
    if (directory === this.#savepoint) this.#written = hash
  }
}

/** Whoever goes on from the savepoint alone would leave the output to a job that runs no more. */
function uncommitted(checkpointId: number, savepoint: string | undefined): MillraceError {
  const what = `the output of checkpoint ${checkpointId} was committed`
  return new MillraceError('JOB_NOT_RUNNING', `the job has ended before ${what}`, {
    cure: `run the job once more, or go on from ${savepoint} with --claim: either commits it`,
  })
}

/** Throws `STORAGE_CONFLICT` if no savepoint can be written there. */
export async function requireRoomIn(
  { host }: { readonly host: Host },
  directory: string,
): Promise<void> {
  await withStore(host, directory, requireRoom)
}

/** Copies checkpoints into directories of their own, for an attempt. */
export function savepointWriter(
  host: Host,
  store: BlobStore,
  stopping: () => Stopping | undefined,
): (link: CheckpointLink, directory: string) => Promise<void> {
  return async (link, directory) => {
    const former = stopping()?.written
    const entry = await withStore(host, directory, (target) =>
      writeSavepoint(store, link, target, former),
    )
    stopping()?.wrote(directory, entry.hash)
  }
}
