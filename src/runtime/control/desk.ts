/**
 * Where every request to a running job arrives, however it came: it is looked up in the table,
 * checked, noted in the audit log if it changes anything, and performed.
 */
import { isMillraceError, MillraceError } from '../../errors.ts'
import type { Clock } from '../../util/clock.ts'
import type { ControlRequest } from '../control-protocol.ts'
import type { ControlHandler } from '../host.ts'
import type { AuditEntry, AuditLog } from './audit-log.ts'
import { givenParams, REQUESTS } from './requests.ts'

/** Who asks. */
export type Caller = Pick<AuditEntry, 'role' | 'token' | 'via'>

/** The user whose process this is: nobody else can open the socket. */
export const OWNER: Caller = { role: 'owner', via: 'socket' }

export interface DeskOptions {
  readonly clock: Clock
  /** Of the claim; requests are numbered below it. */
  readonly claim: string
  readonly audit: Pick<AuditLog, 'append'>
  /** The job that is asked; undefined while it is starting. */
  readonly job: () => ControlHandler | undefined
  /** The audit log cannot be written, and the owner's request goes on. */
  readonly onUnwritten?: ((error: unknown) => void) | undefined
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
   * @throws `CONTROL_BAD_REQUEST`; `CONTROL_UNREACHABLE` while the job starts; the job's error.
   */
  async perform({ method, params }: ControlRequest, caller: Caller): Promise<unknown> {
    const spec = REQUESTS[method]
    const given = givenParams(spec.params, params)
    const job = this.#options.job()
    if (job === undefined) {
      throw new MillraceError('CONTROL_UNREACHABLE', 'the job is starting', {
        cure: 'try again in a moment',
        retryable: true,
      })
    }
    if (!spec.changes) return await spec.perform(job, given)
    const id = `${this.#options.claim}-${++this.#count}`
    const noted = { id, ...caller, request: method, params: given }
    await this.#note({ ...noted, outcome: 'begun' })
    try {
      const result = await spec.perform(job, given)
      await this.#note({ ...noted, outcome: 'done' })
      return result
    } catch (error) {
      const code = isMillraceError(error) ? error.code : undefined
      await this.#note({ ...noted, outcome: 'failed', code })
      throw error
    }
  }

  /** A full disk must not keep the owner from stopping the job. */
  async #note(entry: Omit<AuditEntry, 'time'>): Promise<void> {
    const { audit, clock, onUnwritten } = this.#options
    const time = new Date(clock.now()).toISOString()
    await audit.append({ time, ...entry }).catch((error: unknown) => onUnwritten?.(error))
  }
}
