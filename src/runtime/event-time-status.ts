/**
 * Where event time stands, and why: for each operator its watermark, what keeps it there, and since
 * when. Looked up when a status is made; nothing is counted on the way of a record.
 */
import type { OperatorTime, TimeHold } from '../checkpoint/messages.ts'
import { MAX_WATERMARK, MIN_WATERMARK } from '../operators/operator.ts'
import type { Clock } from '../util/clock.ts'
import type { Task } from './task.ts'

/** The operators of one subtask of a worker; remembers since when each stands. */
export class EventTimeObserver {
  readonly #clock: Clock
  readonly #seen = new Map<string, { watermark: number; since: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  observe(tasks: readonly Task[]): readonly OperatorTime[] {
    return tasks.flatMap((task) => this.#ofTask(task))
  }

  #ofTask({ parts }: Task): readonly OperatorTime[] {
    const { source, gate, chain, subtaskIndex } = parts
    const byHead = source?.slowest ?? gate?.slowest
    const times: OperatorTime[] = []
    if (source !== undefined) {
      times.push(this.#time(source.uid, subtaskIndex, source.watermark, byHead))
    }
    for (const [index, { node, stage }] of chain.operators.entries()) {
      const hold = holdWithin(chain.operators.slice(0, index), stage.currentWatermark) ?? byHead
      times.push(this.#time(node.label, subtaskIndex, stage.currentWatermark, hold))
    }
    return times
  }

  #time(
    operator: string,
    subtaskIndex: number,
    watermark: number,
    hold: TimeHold | undefined,
  ): OperatorTime {
    const key = `${subtaskIndex} ${operator}`
    const before = this.#seen.get(key)
    const since = before?.watermark === watermark ? before.since : this.#clock.now()
    this.#seen.set(key, { watermark, since })
    const hasEnded = watermark === MAX_WATERMARK
    return {
      operator,
      subtaskIndex,
      ...(Number.isFinite(watermark) ? { watermark } : {}),
      hasEnded,
      since,
      ...(hold === undefined || hasEnded ? {} : { heldBackBy: hold }),
    }
  }
}

/** One of the operators before it in the chain, if it has come further. */
function holdWithin(
  before: Task['parts']['chain']['operators'],
  watermark: number,
): TimeHold | undefined {
  for (const { node, operator, stage } of before.toReversed()) {
    const name = node.label
    if (operator.backwardWatermarks !== undefined) return { kind: 'generator', name }
    if (stage.currentWatermark <= watermark) continue
    if (stage.isBusy) return { kind: 'timers', name }
    if (operator.hasPending === true) return { kind: 'calls', name }
  }
  return undefined
}

/** Of the subtasks of each operator the one that is furthest behind, in the order of the plan. */
export function furthestBehind(times: readonly OperatorTime[]): readonly OperatorTime[] {
  const found = new Map<string, OperatorTime>()
  for (const time of times) {
    const least = found.get(time.operator)
    if (least === undefined || isBehind(time, least)) found.set(time.operator, time)
  }
  return [...found.values()]
}

function isBehind(a: OperatorTime, b: OperatorTime): boolean {
  return progressOf(a) < progressOf(b)
}

function progressOf({ watermark = MIN_WATERMARK, hasEnded }: OperatorTime): number {
  return hasEnded ? MAX_WATERMARK : watermark
}
