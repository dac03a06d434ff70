// What stands before an operator: the key is selected, records are gathered for one prefetch and
// handed on before anything else passes, timers fire in bursts, errors get their place.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PlainStage } from '../../src/runtime/plain-stage.ts'
import { MillraceError } from '../../src/errors.ts'
import { stageOf } from './keyed-stage-world.ts'

describe('the stage of a keyed operator', () => {
  it('selects the key of each record', async () => {
    const { stage, output } = await stageOf()
    assert.equal(stage.gathers, false)
    for (const value of ['apple', 'bee', 'axe']) stage.collect(value, 5)
    assert.deepEqual(output.values, ['a=apple', 'b=bee', 'a=axe'])
    assert.deepEqual(output.timestamps, [5, 5, 5])
  })

  it('gathers records for one prefetch, and hands them on in order', async () => {
    const { stage, output, fetched } = await stageOf({ prefetches: true })
    assert.equal(stage.gathers, true)
    const values = Array.from({ length: 600 }, (_, at) => `${at % 7}-${at}`)
    for (const [at, value] of values.entries()) stage.collect(value, at)
    assert.equal(output.values.length, 512)
    stage.flush()
    assert.deepEqual(
      output.values,
      values.map((value) => `${value[0]}=${value}`),
    )
    assert.deepEqual(output.timestamps, [...Array(600).keys()])
    assert.deepEqual(
      fetched.map((keys) => keys.length),
      [512, 88],
    )
    stage.flush()
    assert.equal(fetched.length, 2, 'nothing gathered, nothing fetched')
  })

  it('has an entrance for a second input with its own key, and keeps their order', async () => {
    for (const prefetches of [false, true]) {
      const { stage, output } = await stageOf({ prefetches, secondIsKeyed: true })
      stage.collect('ab', 1)
      stage.second.collect('ab', 2)
      stage.collect('cd', 3)
      stage.second.endInput() // the gate tells the first entrance what is of both
      stage.second.watermark(9)
      stage.flush()
      assert.deepEqual(output.events, ['record a=ab', 'record second b=ab', 'record c=cd'])
      assert.deepEqual(output.timestamps, [1, 2, 3])
    }
  })

  it('hands a broadcast record on after those before it, on no key', async () => {
    const { stage, output, operator, table } = await stageOf({ prefetches: true })
    stage.collect('ab', 1)
    const keys: string[] = []
    operator.onRecord = (value) => {
      try {
        keys.push(`${String(value)} on ${String(table.currentKey)}`)
      } catch {
        keys.push(`${String(value)} on no key`)
      }
      if (value === 'rule') throw new RangeError('too long')
    }
    assert.throws(() => stage.second.collect('rule', 2), {
      message: 'echo: too long',
      details: { operator: 'echo' },
    })
    assert.deepEqual(keys, ['ab on a', 'rule on no key'])
    assert.deepEqual(output.values, ['a=ab'])
  })

  it('hands gathered records on before a watermark, a timer and the end', async () => {
    const { stage, output, timer } = await stageOf({ prefetches: true })
    timer('t', 'processing-time', 10)
    stage.collect('one', 1)
    stage.watermark(5)
    stage.collect('two', 6)
    stage.processingTime(10)
    stage.collect('three', 7)
    stage.endInput()
    assert.deepEqual(output.events, [
      'record o=one',
      'watermark 5',
      'record t=two',
      'record t processing-time 10 t',
      'record t=three',
      'end',
    ])
  })

  it('forwards a watermark only after all its timers, some at a time', async () => {
    const { stage, output, timer } = await stageOf()
    for (let at = 0; at < 2_500; at++) timer(`k${at}`, 'event-time', 100 + at)
    timer('later', 'event-time', 10_000)
    stage.watermark(5_000)
    assert.equal(stage.isBusy, true)
    assert.equal(output.values.length, 1_024)
    stage.endInput()
    stage.resume()
    assert.deepEqual(output.watermarks, [])
    stage.resume()
    assert.equal(stage.isBusy, false)
    assert.equal(output.values.length, 2_500)
    assert.deepEqual(
      output.timestamps,
      [...Array(2_500).keys()].map((at) => at + 100),
    )
    assert.deepEqual(output.events.slice(-2), ['watermark 5000', 'end'])
    assert.equal(stage.currentWatermark, 5_000)
  })

  it('never goes back in time', async () => {
    const { stage, output } = await stageOf()
    stage.restoreWatermark(50)
    assert.equal(stage.isBusy, false)
    for (const time of [40, 50, 60, 55]) stage.watermark(time)
    assert.deepEqual(output.watermarks, [60])
  })

  it('is busy after a restore as long as timers of its watermark are left', async () => {
    const { stage, output, timer } = await stageOf()
    timer('a', 'event-time', 40)
    timer('b', 'event-time', 60)
    stage.restoreWatermark(50)
    assert.equal(stage.isBusy, true)
    stage.resume()
    assert.deepEqual(output.events, ['record a event-time 40 a', 'watermark 50'])
  })

  it('knows when its next processing-time timer is due', async () => {
    const { stage, timer, output } = await stageOf()
    assert.equal(stage.nextProcessingTimer, Number.POSITIVE_INFINITY)
    timer('b', 'processing-time', 30)
    timer('a', 'processing-time', 20)
    assert.equal(stage.nextProcessingTimer, 20)
    stage.processingTime(25)
    assert.equal(stage.nextProcessingTimer, 30)
    assert.deepEqual(output.values, ['a processing-time 20 a'])
  })

  it('names operator and key of what fails, in a record and in a timer', async () => {
    for (const prefetches of [false, true]) {
      const { stage, operator, timer } = await stageOf({ prefetches })
      operator.onRecord = () => {
        throw new RangeError('too long')
      }
      const failed = {
        code: 'FUNCTION_FAILED',
        message: 'echo, key "x": too long',
        details: { operator: 'echo', key: '"x"' },
      }
      const collect = (): void => {
        stage.collect('xyz', 1)
        stage.flush()
      }
      assert.throws(collect, failed)
      timer('x', 'event-time', 5)
      assert.throws(() => stage.watermark(5), failed)
    }
  })

  it('names the operator of a key selector that fails', async () => {
    const { stage } = await stageOf()
    const unprintable = {
      toString: () => {
        throw new TypeError('no text')
      },
    }
    assert.throws(() => stage.collect(unprintable, 1), {
      code: 'FUNCTION_FAILED',
      message: 'echo: no text',
    })
  })

  it('keeps code and remedy of an error that the engine threw at the function', async () => {
    const { stage, operator } = await stageOf()
    operator.onRecord = () => {
      throw new MillraceError('TYPE_MISMATCH', 'expected int32', { cure: 'round it' })
    }
    assert.throws(() => stage.collect('xyz', 1), {
      code: 'TYPE_MISMATCH',
      message: 'echo, key "x": expected int32',
      cure: 'round it',
      retryable: false,
    })
  })

  it('leaves an error its innermost place', async () => {
    const inner = await stageOf()
    inner.operator.onRecord = () => {
      throw new Error('inside')
    }
    const outer = new PlainStage('outer', {
      open() {},
      close() {},
      processElement: (value, timestamp) => inner.stage.collect(value, timestamp),
      processWatermark() {},
      endInput() {},
    })
    assert.throws(() => outer.collect('xyz', 1), { message: 'echo, key "x": inside' })
  })
})
