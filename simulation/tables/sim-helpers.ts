/**
 * Helper threads of the remote stores of a simulated world, as their tasks see them. Who waits for
 * an answer stands still for as long as it takes; nothing else is different from a real one.
 */
import { crc32 } from 'node:zlib'
import { MillraceError } from '../../src/errors.ts'
import type { HelperPort, HelperSpec } from '../../src/state/remote/helper-port.ts'
import type { Random } from '../../src/util/random.ts'
import type { FaultPlan } from '../faults.ts'
import { type Scheduler, Violation } from '../scheduler.ts'
import type { SimClock } from '../sim-clock.ts'
import type { Situation } from '../situations.ts'
import { callHelper, endHelper } from './helper-line.ts'
import type { Call, Opening } from './helper-messages.ts'

/** Who waits without standing still looks so often. */
const LOOK_MS = 2

let worlds = 0

export interface HelperOwner {
  readonly scheduler: Scheduler
  readonly faults: FaultPlan
  readonly clock: SimClock
  readonly random: Random
}

export class SimHelpers {
  readonly #world = worlds++
  #stores = 0

  start(owner: HelperOwner, { module, options, scope }: HelperSpec): HelperPort {
    const { faults, random } = owner
    const opening = { module, options, scope, seed: random.uint32(), chances: faults.chances }
    return new SimHelper(owner, { world: this.#world, store: this.#stores++, opening })
  }

  /** The seed is over. */
  end(): void {
    endHelper({ ends: this.#world })
  }
}

class SimHelper implements HelperPort {
  readonly #owner: HelperOwner
  readonly #place: Pick<Call, 'world' | 'store'>
  readonly #situation: Situation
  #opening: Opening | undefined
  #requests: Call['requests'][number][] = []
  #answers: Uint8Array[] = []
  #failure: MillraceError | undefined

  constructor(
    owner: HelperOwner,
    { opening, ...place }: Pick<Call, 'world' | 'store'> & { readonly opening: Opening },
  ) {
    this.#owner = owner
    this.#opening = opening
    this.#place = place
    this.#situation = situationOf(opening.module)
  }

  post(request: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure
    this.#requests.push({ bytes: request, atMs: this.#nowMs })
  }

  receive(): Uint8Array | undefined {
    const answer = this.#answers.shift()
    if (answer === undefined && this.#failure !== undefined) throw this.#failure
    return answer
  }

  wait(timeoutMs: number): void {
    if (this.#owner.faults.strikes('helperLost')) {
      const message = 'the helper thread of the remote store is gone: injected'
      this.#failure = new MillraceError('STORAGE_FAILED', message)
      return
    }
    this.#owner.faults.count(this.#situation)
    this.#call(timeoutMs)
  }

  async arrives(): Promise<void> {
    await this.#owner.clock.sleep(LOOK_MS)
    if (this.#failure === undefined) this.#call(0)
  }

  async close(): Promise<void> {}

  /** Of who waits: it may have stood still for some time. */
  get #nowMs(): number {
    const { scheduler, clock } = this.#owner
    return Math.max(scheduler.nowMs, clock.scope.stalledUntilMs)
  }

  #call(waitMs: number): void {
    const { scheduler, faults, clock } = this.#owner
    if (!clock.scope.isAlive) return
    const opening = this.#opening
    this.#opening = undefined
    const { answers, nowMs, struck, hash, violation } = callHelper({
      ...this.#place,
      ...(opening === undefined ? {} : { opening }),
      requests: this.#requests.splice(0),
      nowMs: this.#nowMs,
      waitMs,
      isHealed: faults.isHealed,
    })
    if (violation !== undefined) scheduler.fail(new Violation(violation))
    for (const kind of struck) faults.count(kind)
    this.#answers.push(...answers)
    const checks = answers.map((answer) => crc32(answer).toString(16)).join(' ')
    scheduler.note(clock.scope.name, `answers ${checks} ${hash}`)
    if (nowMs > scheduler.nowMs) clock.scope.stallUntil(nowMs)
  }
}

function situationOf(module: string): Situation {
  if (module.includes('/object-store/')) return 'objectRead'
  return module.includes('/hbase/') ? 'regionRead' : 'remoteRead'
}
