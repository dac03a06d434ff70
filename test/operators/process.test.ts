import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KeyedProcessFunction, ProcessFunction } from '../../src/operators/functions.ts'
import { outputTag } from '../../src/operators/output-tag.ts'
import { KeyedProcessOperator, ProcessOperator } from '../../src/operators/process.ts'
import { type StateSchema, valueState } from '../../src/state/descriptors.ts'
import type { ValueState } from '../../src/state/handles.ts'
import { t } from '../../src/types/t.ts'
import { testHost } from './doubles.ts'

type Keyed = KeyedProcessFunction<unknown, unknown, unknown, StateSchema, unknown>
type Plain = ProcessFunction<unknown, unknown, unknown>

const late = outputTag('late', t.string)

describe('a keyed process function', () => {
  it('sees key, state, timestamp and times, and emits with the timestamp of its record', () => {
    const host = testHost({ seen: valueState(t.float64, { initial: 0 }) }, true)
    const fn: Keyed = {
      processElement(value, ctx, out) {
        const seen = ctx.state['seen'] as ValueState<number, never> // as declared above
        seen.update(seen.value() + 1)
        out.collect([ctx.currentKey, value, seen.value(), ctx.timestamp])
        out.collect([ctx.timers.currentWatermark, ctx.timers.currentProcessingTime], 99)
      },
    }
    const operator = new KeyedProcessOperator(host.context, 'process', fn)
    host.process(operator, 'k', 'v', 5)
    host.process(operator, 'k', 'w')
    assert.deepEqual(host.output.values, [
      ['k', 'v', 1, 5],
      [7, 1_000],
      ['k', 'w', 2, undefined],
      [7, 1_000],
    ])
    assert.deepEqual(host.output.timestamps, [5, 99, Number.NEGATIVE_INFINITY, 99])
  })

  it('sets and deletes timers of the current key', () => {
    const host = testHost({}, true)
    const operator = new KeyedProcessOperator(host.context, 'process', {
      processElement(_value, { timers }) {
        timers.registerEventTimeTimer(10)
        timers.registerProcessingTimeTimer(20, 'named')
        timers.registerEventTimeTimer(30)
        timers.deleteEventTimeTimer(30)
      },
      onTimer() {},
    })
    host.process(operator, 'k', 'v')
    assert.deepEqual(host.timers, [
      { key: 'k', domain: 'event-time', time: 10, name: '' },
      { key: 'k', domain: 'processing-time', time: 20, name: 'named' },
    ])
  })

  it('gives results of an event-time timer its time, those of the other kind none', () => {
    const host = testHost({}, true)
    const fn: Keyed = {
      processElement() {},
      onTimer: (time, ctx, out) =>
        out.collect([time, ctx.timeDomain, ctx.timerName, ctx.timestamp]),
    }
    const operator = new KeyedProcessOperator(host.context, 'process', fn)
    operator.onTimer('event-time', 10, '')
    operator.onTimer('processing-time', 20, 'named')
    assert.deepEqual(host.output.values, [
      [10, 'event-time', '', 10],
      [20, 'processing-time', 'named', undefined],
    ])
    assert.deepEqual(host.output.timestamps, [10, Number.NEGATIVE_INFINITY])
  })

  it('without onTimer reads the watermark, and setting a timer says what lacks', () => {
    const host = testHost()
    const fn: Keyed = {
      processElement(value, { timers }, out) {
        if (value === 'set') timers.registerEventTimeTimer(1)
        else out.collect(timers.currentWatermark)
      },
    }
    const operator = new KeyedProcessOperator(host.context, 'process "p"', fn)
    operator.processWatermark(4)
    host.process(operator, 'k', 'read')
    assert.deepEqual(host.output.values, [4])
    assert.throws(() => host.process(operator, 'k', 'set'), {
      code: 'JOB_GRAPH_INVALID',
      message: 'process "p" sets a timer and has no onTimer',
    })
  })

  it('refuses a timer at no time, and a promise', () => {
    const host = testHost({}, true)
    const fn: Keyed = {
      processElement(value, { timers }) {
        if (value === 'time') timers.registerEventTimeTimer(Number.NaN)
        return Promise.resolve() as unknown as undefined // what JavaScript allows
      },
      onTimer() {},
    }
    const operator = new KeyedProcessOperator(host.context, 'process "p"', fn)
    assert.throws(() => host.process(operator, 'k', 'time'), { code: 'TYPE_MISMATCH' })
    assert.throws(() => host.process(operator, 'k', 'v'), { code: 'JOB_ASYNC_FUNCTION' })
  })
})

describe('a process function', () => {
  it('gets what open returned as resources, and close gets it too', async () => {
    const host = testHost()
    const closed: unknown[] = []
    const fn: Plain = {
      open: async ({ subtaskIndex, uid }) => `${uid} ${subtaskIndex}`,
      processElement: (value, ctx, out) => out.collect([value, ctx.resources]),
      close: (resources) => void closed.push(resources),
    }
    const operator = new ProcessOperator(host.context, 'process', fn)
    await operator.open()
    operator.processElement('v', 1)
    await operator.close()
    assert.deepEqual(host.output.values, [['v', 'tested 1']])
    assert.deepEqual(closed, ['tested 1'])
  })

  it('emits to side outputs with the timestamp of the record', () => {
    const host = testHost()
    const operator = new ProcessOperator(host.context, 'process', {
      processElement: (value, ctx) => ctx.output(late, String(value)),
    })
    operator.processElement('v', 5)
    assert.deepEqual(host.sides.get('late')?.values, ['v'])
    assert.deepEqual(host.sides.get('late')?.timestamps, [5])
  })

  it('cannot emit to a side output that its list lacks', () => {
    const host = testHost()
    const operator = new ProcessOperator(host.context, 'process "p"', {
      sideOutputs: [],
      processElement: (value, ctx) => ctx.output(late, String(value)),
    })
    assert.throws(() => operator.processElement('v', 5), {
      code: 'JOB_GRAPH_INVALID',
      message: /process "p" emits to the side output "late", which it does not declare/,
    })
  })
})
