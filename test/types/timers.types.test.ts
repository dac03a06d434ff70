// What must and what must not compile of named timers: checked by the compiler, never run.
import { describe, it } from 'node:test'
import {
  type DataStream,
  eventTimer,
  keyedCoProcess,
  keyedProcess,
  processingTimer,
  t,
} from 'millrace'

/** Compiles only if both types are the same. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : never
function same<A, B>(_proof: Same<A, B>): void {}
/** Holds code that is compiled and not run. */
function compiles(_code: (lines: DataStream<string>) => void): void {}

const Reason = t.struct({ reason: t.string })

describe('the types of named timers', () => {
  it('know each timer by its name, and what it carries', () => {
    compiles((lines) => {
      const keyed = lines.keyBy((line) => line)
      keyed.process('p', {
        timers: { close: eventTimer(Reason), retry: processingTimer({ spread: '30 s' }) },
        processElement(_line, { timers }) {
          timers.close.set(1, { reason: 'x' })
          timers.retry.set(1)
          const [first] = timers.close.list()
          same<NonNullable<typeof first>['payload'], { reason: string }>(true)
          timers.retry.clear()
          timers.registerEventTimeTimer(timers.currentWatermark + 1)
          // @ts-expect-error it carries a reason
          timers.close.set(1)
          // @ts-expect-error a reason is text
          timers.close.set(1, { reason: 1 })
          // @ts-expect-error it carries nothing
          timers.retry.set(1, { reason: 'x' })
          // @ts-expect-error it is not declared
          timers.other?.set(1)
        },
        onTimer(_at, ctx) {
          same<typeof ctx.timerName, 'close' | 'retry' | ''>(true)
          if (ctx.timerName === 'close') {
            same<typeof ctx.payload, { reason: string }>(true)
            same<typeof ctx.timeDomain, 'event-time'>(true)
          } else same<typeof ctx.payload, undefined>(true)
          // @ts-expect-error there is no such timer
          if (ctx.timerName === 'other') ctx.timers.close.clear()
        },
      })
    })
  })

  it('leave functions without declared timers as they were', () => {
    const plain = keyedProcess({
      key: t.string,
      input: t.string,
      processElement: (line, { timers }) => timers.registerEventTimeTimer(1, line),
      onTimer(_at, ctx, out: { collect(value: string): void }) {
        same<typeof ctx.timerName, string>(true)
        same<typeof ctx.payload, undefined>(true)
        out.collect(ctx.timerName)
      },
    })
    void plain
  })

  it('are those of functions with two inputs, too', () => {
    const both = keyedCoProcess({
      key: t.string,
      input1: t.string,
      input2: t.int32,
      timers: { close: eventTimer(Reason) },
      processElement1: (_value, { timers }) => timers.close.set(1, { reason: 'first' }),
      processElement2: (_value, { timers }) => timers.close.clear(),
      onTimer(_at, ctx) {
        if (ctx.timerName === 'close') same<typeof ctx.payload, { reason: string }>(true)
      },
    })
    void both
  })
})
