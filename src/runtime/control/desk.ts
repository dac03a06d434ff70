/**
 * Where every request to a running job arrives, however it came: it is looked up in the table,
 * checked, noted in the audit log if it changes anything, and performed.
 */
import { isMillraceError, MillraceError } from '../../errors.ts'
import type { Clock } from '../../util/clock.ts'
import type { ControlRequest } from '../control-protocol.ts'
import type { ControlHandler } from '../host.ts'
import type { AuditEntry, AuditLog } from './audit-log.ts'
import {
  givenParams,
  type GivenParams,
  notedParams,
  type ParamKinds,
  REQUESTS,
} from './requests.ts'

/** Who asks. */
export type Caller = Pick<AuditEntry, 'role' | 'token' | 'via'>

/** The user whose process this is: nobody else can open the socket. */
export const OWNER: Caller = { role: 'owner', via: 'socket' }

/** A request that was not let in. */
export interface Denied extends Caller, Pick<AuditEntry, 'from' | 'status' | 'reason'> {
  /** Undefined if it was none that there is. */
  readonly method: string | undefined
}

export interface DeskOptions {
  readonly clock: Clock
  /** Of the claim; requests are numbered below it. */
  readonly claim: string
  readonly audit: Pick<AuditLog, 'append'>
  /** The job that is asked; undefined while it is starting. */
  readonly job: () => ControlHandler | undefined
  /** A line of the audit log could not be written, and the request went on. */
  readonly warn?: ((error: unknown) => void) | undefined
}

export class ControlDesk {
  readonly #options: DeskOptions
  #count = 0

  constructor(options: DeskOptions) {
    this.#options = options
  }

  /**
   * Performs a request.
   *
   * @param place where something may be written that the request names; everywhere if undefined.
   * @throws `CONTROL_BAD_REQUEST`; `CONTROL_UNREACHABLE` while the job starts; the job's error;
   *   `STORAGE_FAILED` if somebody else than the owner asks and it cannot be noted.
   */
  async perform(
    { method, params }: ControlRequest,
    caller: Caller,
    place?: (given: string) => Promise<string>,
  ): Promise<unknown> {
    const spec = REQUESTS[method]
    let given = givenParams(spec.params, params)
    const job = this.#options.job()
    if (job === undefined) {
      throw new MillraceError('CONTROL_UNREACHABLE', 'the job is starting', {
        cure: 'try again in a moment',
        retryable: true,
      })
    }
    if (!spec.changes) return await spec.perform(job, given)
    const noted = {
      id: this.#nextId(),
      ...caller,
      request: method,
      params: notedParams(spec.params, given),
    }
    if (place !== undefined) {
      try {
        given = await withPlaces(spec.params, given, place)
      } catch (error) {
        await this.#note({ ...noted, outcome: 'denied', code: codeOf(error) })
        throw error
      }
    }
    await this.#note({ ...noted, outcome: 'begun' }, caller !== OWNER)
    try {
      const result = await spec.perform(job, given)
      await this.#note({ ...noted, outcome: 'done' })
      return result
    } catch (error) {
      await this.#note({ ...noted, outcome: 'failed', code: codeOf(error) })
      throw error
    }
  }

  /** Notes what was not let in. Never throws. */
  async deny({ method, ...who }: Denied): Promise<void> {
    const id = this.#nextId()
    await this.#note({ id, ...who, request: method ?? 'unknown', params: {}, outcome: 'denied' })
  }

  #nextId(): string {
    return `${this.#options.claim}-${++this.#count}`
  }

  /** A full disk must not keep the owner from stopping the job; from others it keeps everything. */
  async #note(entry: Omit<AuditEntry, 'time'>, isCondition = false): Promise<void> {
    const { audit, clock, warn } = this.#options
    const time = new Date(clock.now()).toISOString()
    try {
      await audit.append({ time, ...entry })
    } catch (error) {
      if (isCondition) throw error
      warn?.(error)
    }
  }
}

async function withPlaces(
  kinds: ParamKinds,
  given: GivenParams,
  place: (given: string) => Promise<string>,
): Promise<GivenParams> {
  const checked: [string, boolean | string | undefined][] = []
  for (const [name, value] of Object.entries(given)) {
    const isPlace = kinds[name]?.startsWith('place') === true && typeof value === 'string'
    checked.push([name, isPlace ? await place(value) : value])
  }
  return Object.fromEntries(checked)
}

function codeOf(error: unknown): string | undefined {
  return isMillraceError(error) ? error.code : undefined
}
