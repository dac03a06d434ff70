/**
 * Subjects that a running job is to forget. The attempt that runs ends as for a stop: with a last
 * checkpoint, whose output is committed, so that nothing comes again. The next one takes the lead
 * with a vault in which they are erased, and what it restores has nothing of them. So no task has
 * to search its rows, and no part of a checkpoint under way is sealed under a later key. All that
 * wait when the lead is taken are erased by it: many erasures need one restart.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../errors.ts'
import { type Subject, subjectBytes } from '../state/sealed/subject.ts'
import type { Stoppable } from './stopping.ts'
import type { WantedErasures } from './subject-keys.ts'

/** What became of one that was to be erased. */
export interface Erasure {
  /** The checkpoint that the job went on from, in which nothing of it can be read any more. */
  readonly checkpointId: number
}

interface Waiting {
  readonly subject: Uint8Array
  /** The vault has been put; it is done when tasks run by it. */
  isErased: boolean
}

/** A stop of the job, and that it runs again: for all who wait, when it takes the lead anew. */
interface Round {
  readonly runsAgain: PromiseWithResolvers<void>
  readonly done: Promise<Erasure>
}

export class Erasures implements WantedErasures {
  readonly #waiting = new Set<Waiting>()
  #round: Round | undefined

  /** True if an attempt stopped only to be followed by another one. */
  follow({ how }: { readonly how: string }): boolean {
    return how === 'stopped' && this.#waiting.size > 0
  }

  /** To be erased by who takes the lead next. */
  get wanted(): readonly Uint8Array[] {
    const all = [...this.#waiting].filter(({ isErased }) => !isErased)
    return all.map(({ subject }) => subject)
  }

  /**
   * @param running the attempt, asked for when it is to stop
   * @param vaults undefined: there are no keys of subjects
   * @throws `SUBJECT_KEYS_MISSING`; `JOB_NOT_RUNNING`, `CHECKPOINT_FAILED`: then it is erased or
   *   it is not, and may be asked for again.
   */
  async erase(subject: Uint8Array, running: () => Stoppable, vaults: unknown): Promise<Erasure> {
    if (this.#round === undefined) running()
    if (vaults === undefined) throw noSubjects()
    const waiting: Waiting = { subject, isErased: false }
    this.#waiting.add(waiting)
    try {
      for (;;) {
        const erasure = await this.#together(running)
        // Else the lead had been taken when this one was asked for: it needs another stop.
        if (waiting.isErased) return erasure
      }
    } finally {
      this.#waiting.delete(waiting)
    }
  }

  /** The lead has been taken with these among the erased ones. */
  erased(subjects: readonly Uint8Array[]): void {
    for (const each of this.#waiting) if (subjects.includes(each.subject)) each.isErased = true
  }

  /** An attempt runs. */
  running(): void {
    this.#round?.runsAgain.resolve()
  }

  /** There is no next attempt. */
  jobEnded(): void {
    const message = 'the job has ended before the subject was erased for sure'
    const cure = 'erase it again, from the job that does not run'
    this.#round?.runsAgain.reject(new MillraceError('JOB_NOT_RUNNING', message, { cure }))
  }

  /** Begins a round, or takes part in the one that has begun. */
  async #together(running: () => Stoppable): Promise<Erasure> {
    const round = (this.#round ??= begun(running))
    try {
      return await round.done
    } finally {
      if (this.#round === round) this.#round = undefined
    }
  }
}

function begun(running: () => Stoppable): Round {
  const runsAgain = Promise.withResolvers<void>()
  // Who asks may be told before that the checkpoint failed.
  runsAgain.promise.catch(() => undefined)
  const stopped = async (): Promise<Erasure> => {
    const { checkpointId } = await running().request('stop')
    await runsAgain.promise
    return { checkpointId }
  }
  return { runsAgain, done: stopped() }
}

/**
 * A subject as people type it.
 *
 * @param type `text`, which it is if none is given, `number`, or `bytes` in hexadecimal digits
 * @throws `TYPE_MISMATCH`
 */
export function subjectFromText(text: string, type = 'text'): Uint8Array {
  const subject = type === 'text' ? text : type === 'number' ? numberOf(text) : bytesOf(type, text)
  if (subject !== undefined) return subjectBytes(subject, 'what is to be erased')
  throw new MillraceError('TYPE_MISMATCH', `the subject is no ${type}`, {
    cure: 'types are text, number, and bytes in hexadecimal digits',
  })
}

function numberOf(text: string): number | undefined {
  const number = text.trim() === '' ? Number.NaN : Number(text)
  return Number.isNaN(number) ? undefined : number
}

function bytesOf(type: string, text: string): Uint8Array | undefined {
  const isHex = type === 'bytes' && /^([0-9a-f]{2})*$/i.test(text)
  return isHex ? Buffer.from(text, 'hex') : undefined
}

/** The bytes by which a subject is known. Throws `TYPE_MISMATCH` for what cannot be one. */
export function bytesOfSubject(subject: Subject): Uint8Array {
  return subjectBytes(subject, 'what is to be erased')
}

/** Why nothing can be erased from a job. */
function noSubjects(): MillraceError {
  const message = 'the job has no keys of subjects: nothing of it can be erased by itself'
  return new MillraceError('SUBJECT_KEYS_MISSING', message, {
    cure: 'give encryption.subjects, and shredBy where state is declared',
  })
}
