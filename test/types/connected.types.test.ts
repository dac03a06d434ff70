// What must and what must not compile with two streams: checked by the compiler, never run.
import { describe, it } from 'node:test'
import {
  type DataStream,
  keyedBroadcastProcess,
  keyedCoProcess,
  mapState,
  operatorListState,
  processFunction,
  type StreamEnvironment,
  t,
  unionListState,
  valueState,
} from 'millrace'

/** Compiles only if both types are the same. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : never
function same<A, B>(_proof: Same<A, B>): void {}
type ElementOf<S> = S extends DataStream<infer T> ? T : never

/** Holds code that is compiled and not run. */
function compiles(_code: (env: StreamEnvironment, lines: DataStream<string>) => void): void {}

describe('the types of two streams', () => {
  it('infer both sides of a keyed function, and its state', () => {
    compiles((env, lines) => {
      const numbers = env.fromElements('numbers', [1])
      const both = lines
        .keyBy((line) => line.length)
        .connect(numbers.keyBy((at) => at))
        .process('both', {
          output: t.string,
          state: { seen: valueState(t.int32, { initial: 0 }) },
          processElement1(line, ctx, out) {
            same<typeof line, string>(true)
            same<typeof ctx.currentKey, number>(true)
            out.collect(line)
          },
          processElement2(at, ctx, out) {
            same<typeof at, number>(true)
            ctx.state.seen.update(at)
            // @ts-expect-error no such state
            void ctx.state.nope
            // @ts-expect-error the output is a string
            out.collect(at)
          },
        })
      same<ElementOf<typeof both>, string>(true)
      const byLine = lines.keyBy((line) => line)
      // @ts-expect-error the keys are a string and a number
      byLine.connect(numbers.keyBy((at) => at))
      const byNumber = numbers.keyBy((at) => at)
      // @ts-expect-error this function wants strings first
      byNumber.connect(byNumber).process('bad', match)
      const mapped = lines.connect(numbers).map(
        (line) => line.length,
        (at) => at,
      )
      same<ElementOf<typeof mapped>, number>(true)
    })
    const match = keyedCoProcess({
      key: t.string,
      input1: t.string,
      input2: t.int32,
      processElement1: () => undefined,
      processElement2: () => undefined,
    })
  })

  it('let only the broadcast side write', () => {
    compiles((env, lines) => {
      const rules = env
        .fromElements('rules', [{ name: 'a', limit: 1 }])
        .broadcast({ limits: mapState(t.string, t.float64) })
      // @ts-expect-error broadcast state is a map
      lines.broadcast({ limits: valueState(t.string) })
      lines
        .keyBy((line) => line)
        .connect(rules)
        .process('apply', {
          state: { hits: valueState(t.int32, { initial: 0 }) },
          processElement(line, ctx) {
            const limit = ctx.broadcast.limits.get(line)
            same<typeof limit, number | undefined>(true)
            // @ts-expect-error it is read-only here
            ctx.broadcast.limits.set(line, 1)
          },
          processBroadcastElement(rule, ctx) {
            ctx.broadcast.limits.set(rule.name, rule.limit)
            ctx.applyToKeyedState('hits', (key, hits) => {
              same<typeof key, string>(true)
              hits.update(hits.value() + 1)
            })
            // @ts-expect-error there is no key here
            void ctx.currentKey
            // @ts-expect-error a limit is a number
            ctx.broadcast.limits.set(rule.name, rule.name)
          },
        })
      // @ts-expect-error functions are synchronous
      lines.connect(rules).process('later', { ...nothing, processElement: async () => undefined })
      const byLine = lines.keyBy((line) => line)
      // @ts-expect-error this function is for other maps
      byLine.connect(rules).process('others', others)
    })
    const nothing = { processElement: () => undefined, processBroadcastElement: () => undefined }
    const others = keyedBroadcastProcess({
      key: t.string,
      broadcast: { names: mapState(t.string, t.string) },
      processElement: (line: string, ctx) => void ctx.broadcast.names.get(line),
      processBroadcastElement: () => undefined,
    })
  })

  it('infer operator state, also for open', () => {
    processFunction({
      input: t.string,
      operatorState: { own: operatorListState(t.string), all: unionListState(t.int32) },
      open({ operatorState }) {
        operatorState.all.add(1)
        // @ts-expect-error of numbers
        operatorState.all.add('x')
        return { size: operatorState.own.length }
      },
      processElement(line, ctx) {
        ctx.operatorState.own.add(line)
        same<typeof ctx.resources, { size: number }>(true)
        // @ts-expect-error no such list
        void ctx.operatorState.nope
      },
    })
  })
})
