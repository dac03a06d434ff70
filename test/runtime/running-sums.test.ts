// Counts and sums of records that are added many at once are those of one after the other, also
// where one of them fails.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CountOperator, SumOperator } from '../../src/operators/aggregate.ts'
import type { Operator, OperatorContext } from '../../src/operators/operator.ts'
import { KeyedStage } from '../../src/runtime/stages.ts'
import { valueState } from '../../src/state/descriptors.ts'
import { hashmap } from '../../src/state/hashmap/index.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import { t } from '../../src/types/t.ts'
import { Recorder } from './doubles.ts'

interface Payment {
  readonly account: unknown
  readonly amount: unknown
}

type Make = (context: OperatorContext) => Operator

const counting: Make = (context) => new CountOperator(context, 'count')
const adding: Make = (context) => {
  // Only payments come.
  return new SumOperator(context, 'sum', (payment) => (payment as Payment).amount)
}

/** @param isSingle the table adds to one key at a time. */
async function stageOf(make: Make, state: string, isSingle: boolean) {
  const backend = hashmap().create({
    keyGroups: { start: 0, end: 7 },
    maxParallelism: 8,
    memoryBytes: 1024 ** 2,
    scratch: new MemoryScratch(),
    monotonic: () => 0,
    shards: { count: 16, slots: 4, rowsAhead: 0 },
  })
  const states = [{ id: 1, name: state, kind: 'value', type: t.float64.schema } as const]
  const table = backend.register({
    record: { id: 1, uid: 'sums', states },
    keyType: t.dynamic(),
    descriptors: { [state]: valueState(t.float64, { initial: 0 }) },
  })
  await backend.open()
  if (isSingle) Object.defineProperty(table, 'adderOf', { value: undefined })
  const output = new Recorder()
  const context: OperatorContext = {
    jobName: 'job',
    uid: 'sums',
    operatorId: 1,
    subtaskIndex: 0,
    parallelism: 1,
    output,
    sideOutput: () => output,
    table,
    timers: undefined,
    processingTime: () => 0,
  }
  const key = { select: (payment: unknown) => (payment as Payment).account, type: t.dynamic() }
  return { stage: new KeyedStage('sums', make(context), table, key), output, backend }
}

const ACCOUNTS = [1, 'two', -0, 3.5, [4, 'four'], true, 'a name of far more than two dozen letters']

describe('running sums', () => {
  for (const [state, make] of Object.entries({ count: counting, sum: adding })) {
    it(`of ${state} are the same together as one by one`, async () => {
      const [many, single] = [await stageOf(make, state, false), await stageOf(make, state, true)]
      assert.deepEqual([many.stage.gathers, single.stage.gathers], [true, true])
      for (const { stage } of [many, single]) {
        for (let at = 0; at < 3_000; at++) {
          const account = at % 5 === 0 ? at % 60 : ACCOUNTS[at % ACCOUNTS.length]
          stage.collect({ account, amount: at / 4 }, at)
        }
        stage.watermark(3_000)
      }
      assert.equal(many.output.values.length, 3_000)
      assert.deepEqual(many.output.values, single.output.values)
      assert.deepEqual(many.output.timestamps, single.output.timestamps)
      for (const { backend } of [many, single]) await backend.close()
    })
  }

  it('of records before one that fails go on, and the error has its key', async () => {
    for (const isSingle of [false, true]) {
      const { stage, output } = await stageOf(adding, 'sum', isSingle)
      const fail = (): void => {
        for (const amount of [1, 2, 'three', 4])
          stage.collect({ account: `of ${amount}`, amount }, 7)
        stage.flush()
      }
      assert.throws(fail, { code: 'TYPE_MISMATCH', message: /sums.*"of three"/s })
      assert.deepEqual(output.values, [
        { key: 'of 1', value: 1 },
        { key: 'of 2', value: 2 },
      ])
    }
  })

  it('stop where what takes them fails, at the key of that record', async () => {
    for (const isSingle of [false, true]) {
      const { stage, output } = await stageOf(counting, 'count', isSingle)
      const collect = output.collect.bind(output)
      output.collect = (value, timestamp) => {
        if (output.values.length === 2) throw new Error('no more than two')
        collect(value, timestamp)
      }
      const fail = (): void => {
        for (const account of [5, 6, 7, 8]) stage.collect({ account, amount: 1 }, 7)
        stage.flush()
      }
      assert.throws(fail, /key 7/)
      assert.equal(output.values.length, 2)
    }
  })
})
