// Operator state of process functions: restored before `open`, dealt out anew at a rescale, by the
// rules of Flink; lists are split evenly, union lists go to everybody.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  job,
  keyedCoProcess,
  keyedProcess,
  operatorListState,
  processFunction,
  t,
  unionListState,
  valueState,
} from 'millrace'
import { collect, dataGenerator } from 'millrace/connectors'
import { jobHarness, keyedHarness, processHarness, twoInputHarness } from 'millrace/testing'
import { buildJobGraph } from '../../../src/graph/build.ts'
import { asJob } from '../../../src/graph/job.ts'
import { type Build, graphOf, planFor } from '../../graph/graphs.ts'

interface Opening {
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly own: readonly number[]
  readonly all: readonly number[]
}

/** Keeps all numbers it gets, and of the union list those that are its own. */
function keeper(openings: Opening[]) {
  return processFunction({
    input: t.float64,
    output: t.string,
    operatorState: { own: operatorListState(t.float64), all: unionListState(t.float64) },
    open({ subtaskIndex, parallelism, operatorState: { own, all } }) {
      openings.push({ subtaskIndex, parallelism, own: own.get(), all: all.get() })
      all.update(all.get().filter((each) => each % parallelism === subtaskIndex))
    },
    processElement(value, ctx, out) {
      ctx.operatorState.own.add(value)
      ctx.operatorState.all.add(value)
      out.collect(`${value}`)
    },
  })
}

const sorted = (lists: readonly (readonly number[])[]): number[] =>
  lists.flat().toSorted((a, b) => a - b)

describe('the operator state of a process function', () => {
  it('is dealt out anew at each parallelism, over crashes', async () => {
    const openings: Opening[] = []
    const made = job('kept', (env) => {
      env
        .fromSource('numbers', dataGenerator({ generate: (at) => at, count: 0 }))
        .process('keep', keeper(openings))
        .sinkTo('out', collect())
    })
    await using harness = await jobHarness(made)
    const numbers = harness.source<number>('numbers')
    let sent = 0
    const sendSome = async (): Promise<void> => {
      for (let left = 3; left > 0; left--) await numbers.send(sent++, sent++, sent++)
    }
    await sendSome()
    for (const parallelism of [3, 2, 1]) {
      openings.length = 0
      await harness.rescale(parallelism)
      const known = Array.from({ length: sent }, (_, at) => at)
      assert.deepEqual(sorted(openings.map(({ own }) => own)), known)
      const sizes = openings.map(({ own }) => own.length)
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `split ${sizes.join()}`)
      for (const { all } of openings) assert.deepEqual(sorted([all]), known)
      assert.equal(openings.length, parallelism)

      await sendSome()
      await harness.checkpoint()
      await sendSome() // is taken back, and sent again by the source
      openings.length = 0
      await harness.crash()
      assert.deepEqual(
        sorted(openings.map(({ own }) => own)),
        Array.from({ length: sent - 9 }, (_, at) => at),
      )
    }
    await harness.finish()
    assert.deepEqual(
      sorted([harness.output<string>('out').map(Number)]),
      Array.from({ length: sent }, (_, at) => at),
    )
  })

  it('of one subtask goes on after a snapshot', async () => {
    const fn = keeper([])
    await using harness = await processHarness(fn)
    for (const value of [1, 2]) harness.processElement(value, value * 10)
    assert.deepEqual(harness.output, ['1', '2'])
    assert.deepEqual(harness.outputTimestamps, [10, 20])
    const restore = await harness.snapshot()
    harness.processElement(3)
    const openings: Opening[] = []
    await using restored = await processHarness(keeper(openings), { restore })
    assert.deepEqual(openings, [{ subtaskIndex: 0, parallelism: 1, own: [1, 2], all: [1, 2] }])
    restored.processElement(4)
    assert.deepEqual(restored.output, ['4'])
  })

  it('is beside the state of the keys of a keyed function', async () => {
    const fn = keyedProcess({
      key: t.string,
      input: t.int32,
      output: t.string,
      state: { count: valueState(t.int32, { initial: 0 }) },
      operatorState: { keys: operatorListState(t.string) },
      processElement(value, { state, operatorState, currentKey }, out) {
        if (state.count.value() === 0) operatorState.keys.add(currentKey)
        state.count.update(state.count.value() + value)
        out.collect(operatorState.keys.get().join())
      },
    })
    await using harness = await keyedHarness(fn)
    for (const key of ['a', 'b', 'a']) harness.processElement(key, 1)
    const restore = await harness.snapshot()
    await using restored = await keyedHarness(fn, { restore })
    restored.processElement('c', 1)
    assert.deepEqual(restored.output, ['a,b,c'])
    assert.equal(restored.state('a').count.value(), 2)
  })

  it('is shared by both entrances of a function over two streams', async () => {
    const fn = keyedCoProcess({
      key: t.string,
      input1: t.int32,
      input2: t.int32,
      output: t.string,
      operatorState: { seen: unionListState(t.int32) },
      processElement1: (value, ctx) => ctx.operatorState.seen.add(value),
      processElement2: (value, ctx, out) =>
        out.collect(`${value} after ${ctx.operatorState.seen.get().join()}`),
    })
    await using harness = await twoInputHarness(fn)
    harness.processElement1('a', 1)
    harness.processElement1('b', 2)
    harness.processElement2('c', 3)
    assert.deepEqual(harness.output, ['3 after 1,2'])
  })
})

describe('the declaration of operator state', () => {
  it('is part of the plan', () => {
    const build: Build = (_env, lines) => {
      lines
        .process('keep', {
          operatorState: { own: operatorListState(t.float64), all: unionListState(t.string) },
          processElement: () => undefined,
        })
        .print('out')
    }
    const node = planFor(2, build).nodes.find(({ uid }) => uid === 'keep')
    assert.deepEqual(node?.operatorStates, [
      { name: 'own', kind: 'operator-list', type: { kind: 'float64' } },
      { name: 'all', kind: 'union-list', type: { kind: 'string' } },
    ])
  })

  it('needs types where the job is strict', () => {
    const untyped = job('strict', { strictTypes: true }, (env) => {
      const fn = { operatorState: { own: operatorListState() }, processElement: () => undefined }
      env.fromElements('typed', ['a'], t.string).process('keep', fn).print('out')
    })
    const options = { parallelism: 1, maxParallelism: 128, params: {} }
    assert.throws(() => buildJobGraph(asJob(untyped), options), {
      message: /strictTypes: state "own" of process "keep".* has no declared type/,
    })
  })

  it('refuses what is no operator state', () => {
    const build: Build = (_env, lines) => {
      const fn = { operatorState: { own: valueState(t.string) }, processElement: () => undefined }
      // @ts-expect-error that is state of a key
      lines.process('keep', fn).print('out')
    }
    assert.throws(() => graphOf(1, build), {
      code: 'JOB_GRAPH_INVALID',
      message: /process "keep".* "own" is no declared operator state/,
    })
  })

  it('cannot change its kind or go away unsaid', async () => {
    const fn = (own: typeof operatorListState | typeof unionListState) =>
      keyedProcess({
        key: t.string,
        input: t.string,
        operatorState: { own: own(t.string) },
        processElement: (value, ctx) => ctx.operatorState.own.add(value),
      })
    await using harness = await keyedHarness(fn(operatorListState))
    harness.processElement('a', 'x')
    const restore = await harness.snapshot()
    await assert.rejects(keyedHarness(fn(unionListState), { restore }), {
      code: 'CHECKPOINT_INCOMPATIBLE',
      message: /state "own" of "function" was of kind operator-list, is of kind union-list/,
    })
    const without = keyedProcess({ key: t.string, input: t.string, processElement() {} })
    await assert.rejects(keyedHarness(without, { restore }), {
      code: 'CHECKPOINT_INCOMPATIBLE',
      message: /state "own" of "function" is gone/,
    })
  })
})
