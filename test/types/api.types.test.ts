// What must and what must not compile in a job: checked by the compiler, never run. Each
// expected error is a mistake of a user that the types catch.
import { describe, it } from 'node:test'
import {
  aggregatingState,
  type AsyncFunctionError,
  type CompileError,
  type DataStream,
  type Duration,
  type Infer,
  job,
  keyedProcess,
  listState,
  mapState,
  outputTag,
  processFunction,
  reducingState,
  type StreamEnvironment,
  type Update,
  t,
  valueState,
} from 'millrace'

const Transaction = t.struct({
  account: t.string,
  merchant: t.string,
  amount: t.float64,
  at: t.timestamp,
  note: t.optional(t.string),
})
type Transaction = Infer<typeof Transaction>
const Alert = t.struct({ account: t.string, reason: t.enum('burst', 'big'), at: t.timestamp })
type Alert = Infer<typeof Alert>
const audit = outputTag('audit', t.string)

/** Compiles only if both types are the same. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : never
function same<A, B>(_proof: Same<A, B>): void {}
type ElementOf<S> = S extends DataStream<infer T> ? T : never

/** Holds code that is compiled and not run. */
function compiles(_code: (env: StreamEnvironment, lines: DataStream<string>) => void): void {}
declare function fetchLength(line: string): Promise<number>

describe('the types of a job', () => {
  it('infer elements through stateless operators', () => {
    compiles((_env, lines) => {
      const words = lines.flatMap((line) => line.match(/\p{L}+/gu) ?? [])
      same<ElementOf<typeof words>, string>(true)
      const pairs = words.map((word) => ({ word, count: 1 }))
      same<ElementOf<typeof pairs>, { word: string; count: number }>(true)
      const generated = lines.flatMap(function* (line) {
        for (const word of line.split(' ')) yield { word }
      })
      same<ElementOf<typeof generated>, { word: string }>(true)
      const maybe = lines.map((line): string | undefined => line)
      const sure = maybe.filter((line) => line !== undefined)
      same<ElementOf<typeof sure>, string>(true)
      const guarded = maybe.filter((line): line is string => typeof line === 'string')
      same<ElementOf<typeof guarded>, string>(true)
      const both = words.union(lines, sure)
      same<ElementOf<typeof both>, string>(true)
      const declared = pairs.returns(t.struct({ word: t.string, count: t.float64 }))
      same<ElementOf<typeof declared>, { word: string; count: number }>(true)
      // @ts-expect-error another type than the stream's
      pairs.returns(t.struct({ word: t.int32, count: t.int32 }))
      // @ts-expect-error a number is not iterable
      lines.flatMap((line) => line.length)
      // @ts-expect-error streams of different things
      words.union(pairs)
    })
  })

  it('infer running results', () => {
    compiles((_env, lines) => {
      const counts = lines.keyBy((line) => line).count('counts')
      same<ElementOf<typeof counts>, Update<string, number>>(true)
      const sums = lines.keyBy((line) => line.length).sum('sums', (line) => line.length)
      const latest: DataStream<{ readonly key: number; readonly value: number }> = sums.latest('l')
      const newest: DataStream<string> = lines.keyBy((line) => line).latest('newest')
      const means = lines
        .keyBy((line) => line.length > 3)
        .aggregate('means', {
          createAccumulator: () => ({ sum: 0, n: 0 }),
          add: (line, mean) => ({ sum: mean.sum + line.length, n: mean.n + 1 }),
          getResult: (mean) => mean.sum / mean.n,
        })
      same<ElementOf<typeof means>, number>(true)
      const longest = lines
        .keyBy((line) => line[0] ?? '')
        .reduce('longest', (a, b) => (a > b ? a : b))
      same<ElementOf<typeof longest>, string>(true)
      // @ts-expect-error a sum is of numbers
      lines.keyBy((line) => line).sum('sum', (line) => line)
      // @ts-expect-error reduce stays within its type
      lines.keyBy((line) => line).reduce('bad', (a, b) => a.length + b.length)
      // @ts-expect-error operators that own state have a uid
      lines.keyBy((line) => line).count()
      // @ts-expect-error state needs a key
      lines.count('counts')
      // @ts-expect-error latest is of running results
      lines.latest('latest')
      return { latest, newest }
    })
  })

  it('refuse asynchronous functions, naming asyncMap', () => {
    type Text = AsyncFunctionError extends CompileError<infer Message> ? Message : never
    same<Text extends `${string}use asyncMap${string}` ? 'named' : 'missing', 'named'>(true)
    compiles((_env, lines) => {
      const keyed = lines.keyBy((line) => line)
      // @ts-expect-error functions are synchronous: use asyncMap
      lines.map(async (line) => line.length)
      // @ts-expect-error functions are synchronous: use asyncMap
      lines.map(fetchLength)
      // @ts-expect-error functions are synchronous: use asyncMap
      lines.map((line) => (line === '' ? 0 : fetchLength(line)))
      // @ts-expect-error functions are synchronous: use asyncMap
      lines.flatMap(async (line) => [line])
      // @ts-expect-error functions are synchronous: use asyncMap
      lines.flatMap(async function* (line) {
        yield line
      })
      // @ts-expect-error functions are synchronous: use asyncMap
      lines.filter(async (line) => line === '')
      // @ts-expect-error functions are synchronous: use asyncMap
      lines.keyBy(async (line) => line)
      // @ts-expect-error functions are synchronous: use asyncMap
      keyed.sum('sum', async (line) => line.length)
      // @ts-expect-error functions are synchronous: use asyncMap
      keyed.reduce('reduce', async (a, b) => a + b)
      keyed.aggregate('aggregate', {
        createAccumulator: () => 0,
        // @ts-expect-error functions are synchronous: use asyncMap
        add: async (line, n) => n + line.length,
        getResult: (n) => n,
      })
      lines.process('process', {
        // @ts-expect-error functions are synchronous: use asyncMap
        async processElement(line, _ctx, out) {
          out.collect(await fetchLength(line))
        },
      })
      keyed.process('keyed', {
        // @ts-expect-error functions are synchronous: use asyncMap
        processElement: async (line, _ctx, out) => out.collect(await fetchLength(line)),
        // @ts-expect-error functions are synchronous: use asyncMap
        onTimer: async () => undefined,
      })
      // @ts-expect-error functions are synchronous: use asyncMap
      job('async', async (env) => env.fromElements('one', [1]).print())
    })
  })

  it('want a declared type for keys that are no primitives', () => {
    compiles((_env, lines) => {
      // @ts-expect-error an object key needs a declared type
      lines.keyBy((line) => ({ line }))
      // @ts-expect-error so does a key that may be missing
      lines.keyBy((line) => line[0])
      lines.keyBy((line) => [line, line.length], t.tuple(t.string, t.int32)).count('tuples')
      lines.keyBy((line) => ({ line }), t.struct({ line: t.string })).count('structs')
      // @ts-expect-error the selector gives another key than declared
      lines.keyBy((line) => line, t.int32)
    })
  })

  it('give a keyed process function its state, key, resources and output', () => {
    const detect = keyedProcess({
      key: t.string,
      input: Transaction,
      output: Alert,
      state: {
        sawSmall: valueState(t.boolean, { initial: false }),
        lastAt: valueState(t.timestamp),
        short: valueState<number>(),
        recent: listState(t.float64),
        byMerchant: mapState(t.string, t.int32),
        total: reducingState((a: number, b: number) => a + b),
        mean: aggregatingState({
          createAccumulator: () => ({ sum: 0, n: 0 }),
          add: (amount: number, mean) => ({ sum: mean.sum + amount, n: mean.n + 1 }),
          getResult: (mean) => mean.sum / mean.n,
        }),
      },
      open: async () => ({ places: new Map<string, string>() }),
      processElement(tx, ctx, out) {
        const { sawSmall, lastAt, short, recent, byMerchant, total, mean } = ctx.state
        same<typeof tx, Transaction>(true)
        const small: boolean = sawSmall.value()
        const before: number | undefined = lastAt.value()
        const shorter: number | undefined = short.value()
        const sum: number | undefined = total.get()
        const average: number | undefined = mean.get()
        const place: string | undefined = ctx.resources.places.get(tx.merchant)
        const key: string = ctx.currentKey
        recent.add(tx.amount)
        byMerchant.set(tx.merchant, (byMerchant.get(tx.merchant) ?? 0) + 1)
        ctx.timers.registerEventTimeTimer(tx.at + 60_000)
        ctx.output(audit, `${key} ${place} ${small} ${before} ${shorter} ${sum} ${average}`)
        out.collect({ account: key, reason: 'big', at: tx.at })
        // @ts-expect-error not one of the reasons
        out.collect({ account: 'x', reason: 'typo', at: 1 })
        // @ts-expect-error no such state
        void ctx.state.nope
        // @ts-expect-error a timestamp is a number
        lastAt.update('now')
        // @ts-expect-error the tag is of strings
        ctx.output(audit, 1)
        // @ts-expect-error no such resource
        void ctx.resources.nope
      },
      onTimer(timestamp, ctx, out) {
        if (ctx.state.recent.length > 100 && ctx.timeDomain === 'event-time') {
          out.collect({ account: ctx.currentKey, reason: 'burst', at: timestamp })
        }
        ctx.state.recent.clear()
      },
      close: (resources) => resources.places.clear(),
    })
    compiles((env) => {
      const transactions = env.fromElements('transactions', [] as Transaction[], Transaction)
      const alerts = transactions.keyBy((tx) => tx.account).process('detect', detect)
      same<ElementOf<typeof alerts>, Alert>(true)
      const audits = alerts.sideOutput(audit)
      same<ElementOf<typeof audits>, string>(true)
      // @ts-expect-error this function wants a string key
      transactions.keyBy((tx) => tx.amount).process('bad', detect)
      const strings = env.fromElements('strings', ['a']).keyBy((text) => text)
      // @ts-expect-error and transactions
      strings.process('bad', detect)
    })
  })

  it('infer a keyed process function in place', () => {
    compiles((_env, lines) => {
      const lengths = lines
        .keyBy((line) => line.length)
        .process('lengths', {
          output: t.int32,
          state: { seen: valueState(t.int32, { initial: 0 }) },
          open: () => ({ limit: 3 }),
          processElement(line, ctx, out) {
            const key: number = ctx.currentKey
            ctx.state.seen.update(ctx.state.seen.value() + line.length)
            if (ctx.state.seen.value() > ctx.resources.limit) out.collect(key)
            // @ts-expect-error the output is a number
            out.collect(line)
            // @ts-expect-error a string is not a number
            ctx.state.seen.update(line)
          },
        })
      same<ElementOf<typeof lengths>, number>(true)
      const long = processFunction({
        input: t.string,
        output: t.string,
        processElement: (line, ctx, out) => out.collect(`${line} ${ctx.timestamp ?? ''}`),
      })
      const plain = lines.process('long', long)
      same<ElementOf<typeof plain>, string>(true)
    })
  })

  it('let composites be put into the chain', () => {
    const wordsOf = (lines: DataStream<string>) => lines.flatMap((line) => line.split(' '))
    const twice = <T>(stream: DataStream<T>) => stream.flatMap((value) => [value, value])
    compiles((_env, lines) => {
      const words = lines.through(wordsOf).through(twice)
      same<ElementOf<typeof words>, string>(true)
    })
  })

  it('type parameters by their declaration', () => {
    job('params', { params: { input: t.string, limit: t.optional(t.int32) } }, (env, params) => {
      const input: string = params.input
      const limit: number | undefined = params.limit
      env.fromElements('one', [input, String(limit)]).print()
      // @ts-expect-error no such parameter
      void params.output
    })
  })

  it('check options and durations', () => {
    const build = (env: StreamEnvironment) => env.fromElements('one', [1]).print()
    job('a', { checkpointing: { interval: '30s', timeout: '5 m', keep: 2 } }, build)
    job('b', { restart: { strategy: 'fixed-delay', attempts: 3, delay: '10 s' } }, build)
    const day: Duration = '1d'
    // @ts-expect-error misspelt unit
    const wrong: Duration = '1 mintue'
    // @ts-expect-error no such option
    job('c', { checkpoint: {} }, build)
    // @ts-expect-error misspelt unit
    job('d', { checkpointing: { interval: '30 sec' } }, build)
    // @ts-expect-error that strategy has no attempts
    job('e', { restart: { strategy: 'failure-rate', attempts: 3 } }, build)
    // @ts-expect-error only a start can say that
    job('f', { fresh: true }, build)
    compiles(() => ({ day, wrong }))
  })
})
