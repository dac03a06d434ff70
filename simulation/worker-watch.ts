/**
 * What must hold of a worker after each of its messages, whatever becomes of the job: watermarks of
 * operators and counts never go back, a task acknowledges each checkpoint once and in order,
 * nothing is committed of a checkpoint that is not known to be complete, and accounts are never in
 * debt.
 */
import type { FromWorker, ToWorker } from '../src/checkpoint/messages.ts'

type Status = Extract<FromWorker, { readonly kind: 'status' }>['status']

const GROWING = ['recordsIn', 'recordsOut', 'lateRecords', 'spilledBytes'] as const
const ACCOUNTS = ['rows', 'estimatedBytes', 'restoringBytes', 'restoredBytes'] as const

export class WorkerWatch {
  readonly #watermarks = new Map<string, number>()
  /** The newest checkpoint that each task has acknowledged. */
  readonly #acknowledged = new Map<string, number>()
  #former: Status | undefined
  #complete = 0

  sent(message: ToWorker): void {
    if (message.kind === 'deploy' || message.kind === 'undeploy') {
      // Tasks begin where their checkpoint was.
      this.#watermarks.clear()
      this.#acknowledged.clear()
      if (message.kind === 'deploy') this.#complete = message.scope.checkpointId
    }
    if (message.kind === 'complete') this.#complete = Math.max(this.#complete, message.checkpointId)
  }

  /** What is wrong with this message; undefined if nothing is. */
  problemOf(message: FromWorker): string | undefined {
    if (message.kind === 'status') return this.#problemOfStatus(message.status)
    if (message.kind === 'acknowledge') {
      const { vertex, subtaskIndex } = message.task
      return this.#problemOfAcknowledgement(`${vertex}/${subtaskIndex}`, message.checkpointId)
    }
    if (message.kind !== 'committed' || message.checkpointId <= this.#complete) return undefined
    return `checkpoint ${message.checkpointId} is committed, ${this.#complete} was complete`
  }

  #problemOfAcknowledgement(task: string, checkpointId: number): string | undefined {
    const former = this.#acknowledged.get(task) ?? 0
    this.#acknowledged.set(task, checkpointId)
    if (checkpointId > former) return undefined
    return `task ${task} acknowledges checkpoint ${checkpointId} after ${former}`
  }

  #problemOfStatus(status: Status): string | undefined {
    const former = this.#former
    this.#former = status
    for (const count of GROWING) {
      const [now, before] = [status[count], former?.[count] ?? 0]
      if (now < before) return `${count} went from ${before} back to ${now}`
    }
    for (const account of ACCOUNTS) {
      const amount = status.backend[account]
      if (!(amount >= 0)) return `its backend has ${amount} ${account}`
    }
    for (const { operator, subtaskIndex, watermark } of status.eventTime) {
      // Those without uid are named by a place in the code, where there may be several.
      if (watermark === undefined || operator.includes('(')) continue
      const id = `${operator} (${subtaskIndex})`
      const before = this.#watermarks.get(id) ?? Number.NEGATIVE_INFINITY
      if (watermark < before) return `the watermark of ${id} went from ${before} to ${watermark}`
      this.#watermarks.set(id, watermark)
    }
    return undefined
  }
}
