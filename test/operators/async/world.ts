// An asynchronous operator on a clock and calls that the test moves by hand.
import { inFlightType } from '../../../src/operators/async/in-flight.ts'
import { AsyncOperator, deliverAll, deliverOne } from '../../../src/operators/async/operator.ts'
import type { AsyncFunction, AsyncSettings } from '../../../src/operators/async/options.ts'
import type { OperatorContext, OperatorWorld } from '../../../src/operators/operator.ts'
import { VirtualClock, VirtualTime } from '../../../src/testing/job/virtual-time.ts'
import { t } from '../../../src/types/t.ts'
import type { Type } from '../../../src/types/type.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { CollectingOutput, testHost } from '../doubles.ts'

export const defaults: AsyncSettings = {
  capacity: 10,
  timeoutMs: 1_000,
  ordered: true,
  attemptsMax: 1,
  backoffMs: 100,
  backoffMsMax: 400,
  retryIf: undefined,
  retryResultIf: undefined,
  onTimeout: undefined,
  onError: undefined,
}

/** A call that the test answers. */
export interface TestCall {
  readonly value: unknown
  readonly signal: AbortSignal
  answer(result: unknown): void
  refuse(error: unknown): void
}

/** Lets promises that are settled tell so. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function asyncWorld(
  given: Partial<AsyncSettings> & {
    readonly type?: Type<unknown>
    readonly flat?: boolean
    readonly fn?: AsyncFunction<unknown, unknown>
  } = {},
) {
  const { type = t.dynamic(), flat = false, fn, ...settings } = given
  const time = new VirtualTime(0)
  const abort = new AbortController()
  const calls: TestCall[] = []
  let wakes = 0
  const world: OperatorWorld = {
    clock: new VirtualClock(time, { isAlive: true }),
    random: new SeededRandom(1),
    signal: abort.signal,
    wake: () => wakes++,
  }
  const output = new Emitted()
  const context: OperatorContext = { ...testHost().context, output, world }
  const parked: AsyncFunction<unknown, unknown> = (value, signal) => {
    return new Promise((answer, refuse) => calls.push({ value, signal, answer, refuse }))
  }
  const operator = new AsyncOperator(context, {
    settings: { ...defaults, ...settings },
    inFlight: inFlightType(type),
    fn: fn ?? parked,
    deliver: flat ? deliverAll : deliverOne,
  })
  return {
    operator,
    output,
    calls,
    world,
    abort,
    get wakes() {
      return wakes
    },
    /** The newest call for this record. */
    call: (value: unknown): TestCall => {
      const call = calls.findLast((each) => each.value === value)
      if (call === undefined) throw new Error(`no call for ${String(value)}`)
      return call
    },
    /** What the task does in a step. */
    step: async (mayEmit: () => boolean = () => true): Promise<boolean> => {
      await turn()
      return operator.resume(mayEmit)
    },
    advance: async (ms: number): Promise<void> => {
      const end = time.nowMs + ms
      for (let next = time.nextAtMs; next <= end; next = time.nextAtMs) {
        time.nowMs = next
        time.fireDue()
        await turn()
      }
      time.nowMs = end
    },
    get timers() {
      return Number.isFinite(time.nextAtMs)
    },
  }
}

/** Results and watermarks in one list, in their order. */
class Emitted extends CollectingOutput {
  readonly all: unknown[] = []

  override collect(value: unknown, timestamp: number): void {
    super.collect(value, timestamp)
    this.all.push(value)
  }

  override watermark(timestamp: number): void {
    super.watermark(timestamp)
    this.all.push({ watermark: timestamp })
  }

  override endInput(): void {
    super.endInput()
    this.all.push('end')
  }
}
