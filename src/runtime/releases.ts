/**
 * Wishes that parked keys are tried again: checked against the plan, told to all workers at once,
 * and answered when each of them has. A restart of the operator cuts a wish off, and grants it:
 * what a checkpoint holds parked is tried again by every restore.
 */
import type { FromWorker, ToWorker } from '../checkpoint/messages.ts'
import { MillraceError } from '../errors.ts'
import { parkedUidOf, PARKED_OPERATION } from '../graph/parking.ts'
import type { JobPlan, PlanNode } from '../graph/plan.ts'
import type { TaskId } from '../graph/regions.ts'
import type { ReleaseOutcome } from '../operators/failures/parked-keys.ts'
import { sumOfReleases } from '../operators/failures/release.ts'
import { keyFromText } from '../types/key-from-text.ts'
import { describeKey } from '../types/keys.ts'
import { nearestName } from '../util/nearest.ts'

/** One key: as people type it, or as it is. */
export type KeyWish = { readonly text: string } | { readonly value: unknown }

export interface ReleasesWorld {
  readonly plan: JobPlan
  readonly workers: number
  broadcast(message: ToWorker): void
  /** True for a task that is being restored. */
  isDown(isMeant: (task: TaskId) => boolean): boolean
}

interface Pending {
  /** By worker. */
  readonly outcomes: (ReleaseOutcome | undefined)[]
  readonly resolve: (outcome: ReleaseOutcome) => void
  readonly reject: (error: MillraceError) => void
}

export class Releases {
  readonly #world: ReleasesWorld
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  constructor(world: ReleasesWorld) {
    this.#world = world
  }

  /**
   * Tries again what an operator has parked.
   *
   * @param wish one key; all if undefined
   * @throws `OPERATOR_UNKNOWN`, `OPERATOR_PARKS_NOTHING`, `PARKED_KEY_UNKNOWN`, `TYPE_MISMATCH`,
   *   `JOB_NOT_RUNNING`
   */
  async release(uid: string, wish: KeyWish | undefined): Promise<ReleaseOutcome> {
    const { plan, workers } = this.#world
    const node = parkingNodeOf(plan, uid)
    if (this.#world.isDown(({ vertex }) => plan.vertices[vertex]?.nodes.includes(node.id) === true))
      throw interrupted()
    const only = wish === undefined ? undefined : ([keyOf(wish, node)] as const)
    const id = ++this.#lastId
    const outcome = await new Promise<ReleaseOutcome>((resolve, reject) => {
      const outcomes = Array.from<undefined>({ length: workers })
      this.#pending.set(id, { outcomes, resolve, reject })
      this.#world.broadcast({ kind: 'release', id, uid, ...(only === undefined ? {} : { only }) })
    })
    if (only === undefined || outcome.tried > 0) return outcome
    const message = `${uid} has not parked the key ${describeKey(only[0])}`
    throw new MillraceError('PARKED_KEY_UNKNOWN', message, { details: { operator: uid } })
  }

  /** A worker has tried all that is its own. */
  answer(worker: number, { id, outcome }: Extract<FromWorker, { kind: 'released' }>): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return // cut off meanwhile
    pending.outcomes[worker] = outcome
    const answered = pending.outcomes.filter((each) => each !== undefined)
    if (answered.length < pending.outcomes.length) return
    this.#pending.delete(id)
    pending.resolve(sumOfReleases(answered))
  }

  /** Tasks are gone that may have been asked. */
  interrupt(): void {
    const all = [...this.#pending.values()]
    this.#pending.clear()
    for (const { reject } of all) reject(interrupted())
  }
}

function interrupted(): MillraceError {
  return new MillraceError('JOB_NOT_RUNNING', 'the operator ends, or starts anew', {
    cure: 'a restart tries all parked keys again: `millrace status` shows those that are left',
  })
}

/** The operator, if it parks. */
function parkingNodeOf({ nodes }: JobPlan, uid: string): PlanNode {
  const parking = nodes.filter((node) => node.operation === PARKED_OPERATION)
  const parks = (of: string): boolean => parking.some((node) => node.uid === parkedUidOf(of))
  const node = nodes.find((each) => each.uid === uid)
  const details = { operator: uid }
  if (node === undefined) {
    const uids = nodes.flatMap((each) => each.uid ?? [])
    const near = nearestName(uid, uids.filter(parks)) ?? nearestName(uid, uids)
    const cure = near === undefined ? {} : { cure: `did you mean ${near}?` }
    const message = `no operator of the job has the uid ${JSON.stringify(uid)}`
    throw new MillraceError('OPERATOR_UNKNOWN', message, { ...cure, details })
  }
  if (parks(uid)) return node
  throw new MillraceError('OPERATOR_PARKS_NOTHING', `${uid} parks no keys`, { details })
}

function keyOf(wish: KeyWish, { keyType }: PlanNode): unknown {
  return 'text' in wish ? keyFromText(wish.text, keyType) : wish.value
}
