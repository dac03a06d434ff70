/**
 * Subjects that a running job is to forget. The attempt that runs ends as for a stop: with a last
 * checkpoint, whose output is committed, so that nothing comes again. The next one takes the lead
 * with a vault in which they are erased, and what it restores has nothing of them. So no task has
 * to search its rows, and no part of a checkpoint under way is sealed under a later key.
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
  readonly answer: PromiseWithResolvers<void>
}

export class Erasures implements WantedErasures {
  readonly #waiting = new Set<Waiting>()
  /** One after the other. */
  #last: Promise<unknown> = Promise.resolve()

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
   * @param running the attempt, asked for when it is the turn of this subject
   * @param vaults undefined: there are no keys of subjects
   * @throws `SUBJECT_KEYS_MISSING`; `JOB_NOT_RUNNING`, `CHECKPOINT_FAILED`: then it is erased or
   *   it is not, and may be asked for again.
   */
  async erase(subject: Uint8Array, running: () => Stoppable, vaults: unknown): Promise<Erasure> {
    running()
    if (vaults === undefined) throw noSubjects()
    const work = this.#last.then(() => this.#erase(subject, running))
    this.#last = work.catch(() => undefined)
    return await work
  }

  /** The lead has been taken with these among the erased ones. */
  erased(subjects: readonly Uint8Array[]): void {
    for (const each of this.#waiting) if (subjects.includes(each.subject)) each.isErased = true
  }

  /** An attempt runs. */
  running(): void {
    for (const each of this.#waiting) if (each.isErased) each.answer.resolve()
  }

  /** There is no next attempt. */
  jobEnded(): void {
    const message = 'the job has ended before the subject was erased for sure'
    const cure = 'erase it again, from the job that does not run'
    for (const { answer } of this.#waiting) {
      answer.reject(new MillraceError('JOB_NOT_RUNNING', message, { cure }))
    }
  }

  async #erase(subject: Uint8Array, running: () => Stoppable): Promise<Erasure> {
    const attempt = running()
    const waiting: Waiting = { subject, isErased: false, answer: Promise.withResolvers() }
    // Who asks is told by this function, or has been told that the checkpoint failed.
    waiting.answer.promise.catch(() => undefined)
    this.#waiting.add(waiting)
    try {
      const { checkpointId } = await attempt.request('stop')
      await waiting.answer.promise
      return { checkpointId }
    } finally {
      this.#waiting.delete(waiting)
    }
  }
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
