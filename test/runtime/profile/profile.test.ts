// Real jobs with `profile`: what burns is found, calls are counted, and nothing else changes.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  aggregatingState,
  counterState,
  dequeState,
  eventTimer,
  job,
  type JobProfile,
  keyedProcess,
  listState,
  mapState,
  type OperatorProfile,
  reducingState,
  run,
  setState,
  sortedMapState,
  t,
  tumblingWindow,
  valueState,
} from 'millrace'
import { collect, dataGenerator } from 'millrace/connectors'
import { placeFor } from '../run/helpers.ts'

const burningJob = new URL('../../cli/jobs/burning.ts', import.meta.url)

function operator({ operators }: JobProfile, begins: string): OperatorProfile {
  const found = operators.find((each) => each.operator?.startsWith(begins))
  assert.ok(found !== undefined, `no operator ${begins}`)
  return found
}

function busyMs({ times }: OperatorProfile): number {
  const { idle: _idle, start: _start, ...busy } = times
  return Object.values(busy).reduce((sum, ms) => sum + ms, 0)
}

function framesOf(cpuProfile: string): readonly string[] {
  const { nodes } = JSON.parse(cpuProfile) as {
    readonly nodes: readonly { readonly callFrame: { readonly functionName: string } }[]
  }
  return nodes.map(({ callFrame }) => callFrame.functionName)
}

/** Has a state of each kind, asks it in every way, and sets and deletes timers. */
const everything = keyedProcess({
  key: t.float64,
  input: t.float64,
  output: t.string,
  state: {
    value: valueState(t.float64, { initial: 0 }),
    list: listState(t.float64),
    map: mapState(t.string, t.float64),
    reduced: reducingState<number>((a, b) => a + b),
    folded: aggregatingState<number, number[], number>({
      createAccumulator: () => [],
      add: (value, all) => [...all.slice(-3), value],
      getResult: (all) => all.length,
    }),
    counter: counterState(t.float64),
    set: setState(t.float64),
    sorted: sortedMapState(t.float64, t.string),
    deque: dequeState(t.float64),
  },
  timers: { close: eventTimer(t.string) },
  processElement(value, { state, timers }, out) {
    state.value.update(state.value.value() + value)
    if (state.list.length >= 3) state.list.update([...state.list].slice(1))
    state.list.addAll([value])
    state.list.add(-value)
    state.map.set(`at ${value % 5}`, value)
    if (state.map.has('at 3')) state.map.delete('at 3')
    state.reduced.add(value)
    state.folded.add(value)
    state.counter.increment()
    state.set.add(value % 4)
    state.sorted.set(value, 'x')
    if (!state.deque.first()) state.deque.pushFirst(value)
    state.deque.pushLast(value)
    if (state.deque.length > 4) state.deque.popFirst()
    timers.close.set(value * 10 + 500, `closes ${value}`)
    if (value % 7 === 0) timers.close.delete(value * 10 + 500)
    const sorted = [...state.sorted.range({ reverse: true, limit: 2 })].map(([key]) => key)
    const all = [
      state.value.value(),
      state.list.get(),
      [...state.map.entries()],
      state.map.isEmpty,
      state.reduced.get(),
      state.folded.get(),
      state.counter.value(),
      [...state.set],
      sorted,
      [...state.deque],
      state.deque.at(-1),
      timers.close.list().length,
    ]
    out.collect(JSON.stringify(all))
  },
  onTimer(at, ctx, out) {
    out.collect(`${ctx.currentKey} ${at} ${ctx.timerName} ${String(ctx.payload)}`)
    ctx.state.deque.clear()
  },
})

async function outputOf(
  options: Parameters<typeof run>[1] & object,
): Promise<{ readonly values: readonly string[]; readonly profile: JobProfile | undefined }> {
  // Each sink writes by itself: which one does so first differs from run to run.
  const [one, two] = [collect<string>(), collect<string>()]
  const made = job('everything', (env) => {
    const numbers = env.fromSource(
      'numbers',
      dataGenerator({ generate: (index) => index, count: 2_000 }),
      { timestamp: (value) => value * 10, maxOutOfOrderness: 50 },
    )
    const keyed = numbers.keyBy((value) => value % 10, t.float64)
    keyed.process('everything', everything).sinkTo('one', one)
    keyed
      .window(tumblingWindow('1 s'))
      .count('windows')
      .map((each) => JSON.stringify(each))
      .sinkTo('two', two)
  })
  const handle = await run(made, options)
  assert.equal(handle.profile, undefined)
  await handle.finished
  return { values: [...one.values, ...two.values], profile: handle.profile }
}

describe('the profile of a job', () => {
  it('finds the operator that burns the processor, and in it the function', async (context) => {
    const { options } = placeFor(context)
    const handle = await run(burningJob, { ...options, profile: true, params: { count: 20_000 } })
    await handle.finished
    const profile = handle.profile ?? assert.fail('there is no profile')
    const [burning, counting] = [operator(profile, 'map ('), operator(profile, 'counts')]
    assert.ok(burning.times.function > 0.8 * busyMs(burning), JSON.stringify(burning))
    assert.ok(burning.times.function > 4 * busyMs(counting), JSON.stringify(profile.operators))
    const [worker, ...others] = profile.workers
    assert.deepEqual([worker?.worker, worker?.attempt, others.length], [0, 1, 0])
    // The parts are what the thread has run, but for rounding.
    const all = profile.operators.reduce((sum, each) => sum + busyMs(each) + each.times.start, 0)
    const cpuMs = worker?.cpuMs ?? 0
    assert.ok(Math.abs(all - cpuMs) < 1, `${all} of ${cpuMs} ms`)
  })

  it('counts records and accesses exactly, at any parallelism', async (context) => {
    const { options } = placeFor(context)
    for (const parallelism of [1, 2]) {
      const each = { ...options, parallelism, fresh: true, params: { count: 4_000 } }
      const handle = await run(burningJob, { ...each, profile: { intervalUs: 200 } })
      await handle.finished
      const profile = handle.profile ?? assert.fail('there is no profile')
      assert.equal(profile.workers.length, parallelism)
      assert.equal(operator(profile, 'numbers').counts.records, 4_000)
      assert.equal(operator(profile, 'map (').counts.records, 4_000)
      assert.deepEqual(operator(profile, 'counts').counts, {
        records: 4_000,
        rows: 4_000,
        reads: 4_000,
        updates: 4_000,
        collections: 400,
        timers: 0,
      })
      assert.equal(operator(profile, 'out').counts.records, 200)
      const texts = profile.workers.map(({ cpuProfile }) => cpuProfile)
      // What viewers show: frames that are named after operators.
      assert.ok(texts.some((text) => framesOf(text).some((name) => name.startsWith('map ('))))
    }
  })

  it('changes nothing: state, timers and windows give what they do without', async (context) => {
    const { options } = placeFor(context)
    const plain = await outputOf({ ...options, fresh: true })
    assert.equal(plain.profile, undefined)
    const profiled = await outputOf({ ...options, fresh: true, profile: true })
    assert.ok(plain.values.length > 3_800)
    assert.ok(plain.values.some((value) => value.includes('closes')))
    assert.deepEqual(profiled.values, plain.values)
    const profile = profiled.profile ?? assert.fail('there is no profile')
    const { counts } = operator(profile, 'everything')
    assert.equal(counts.records, 2_000)
    // value ×2, reduced, folded, counter: read · value, reduced, folded, counter: changed
    assert.deepEqual([counts.reads, counts.updates], [10_000, 8_000])
    assert.equal(operator(profile, 'windows').counts.records, 2_000)
  })

  it('is there also of a job that failed, with each attempt of its worker', async (context) => {
    const { options } = placeFor(context)
    const failing = { ...options, params: { fails: true }, profile: true }
    const handle = await run(burningJob, failing)
    await assert.rejects(handle.finished, { code: 'FUNCTION_FAILED' })
    const profile = handle.profile ?? assert.fail('there is no profile')
    assert.ok(operator(profile, 'counts').counts.records > 900)
    const restart = { strategy: 'fixed-delay', attempts: 1, delay: 1 } as const
    const again = await run(burningJob, { ...failing, fresh: true, restart })
    await assert.rejects(again.finished, { code: 'FUNCTION_FAILED' })
    const attempts = again.profile?.workers.map(({ attempt }) => attempt)
    assert.deepEqual(attempts, [1, 2])
  })

  it('is refused with an interval that cannot be', async (context) => {
    const { options } = placeFor(context)
    for (const intervalUs of [0, 49, 1.5, 1_000_001, Number.NaN]) {
      const started = run(burningJob, { ...options, profile: { intervalUs } })
      await assert.rejects(started, { code: 'CONFIG_INVALID' })
    }
  })
})
