import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMillraceError } from '../../../src/errors.ts'
import { asyncWorld } from './world.ts'

describe('an ordered asynchronous operator', () => {
  it('gives results and watermarks in the order of the records', async () => {
    const { operator, output, call, step } = asyncWorld()
    operator.processElement('a', 1)
    operator.processWatermark(1)
    operator.processElement('b', 2)
    operator.processElement('c', 3)
    call('c').answer('C')
    call('b').answer('B')
    assert.equal(await step(), false)
    call('a').answer('A')
    assert.equal(await step(), true)
    assert.deepEqual(output.all, ['A', { watermark: 1 }, 'B', 'C'])
    assert.deepEqual(output.timestamps, [1, 2, 3])
  })

  it('hands on nothing while there is no room downstream, and goes on there', async () => {
    const { operator, output, call, step } = asyncWorld()
    for (const value of ['a', 'b', 'c']) operator.processElement(value, 0)
    for (const value of ['a', 'b', 'c']) call(value).answer(value)
    let room = 2
    await step(() => room-- > 0)
    assert.deepEqual(output.all, ['a', 'b'])
    await step()
    assert.deepEqual(output.all, ['a', 'b', 'c'])
  })

  it('lets a watermark pass at once when nothing is under way', () => {
    const { operator, output } = asyncWorld()
    operator.processWatermark(5)
    operator.endInput()
    assert.deepEqual(output.all, [{ watermark: 5 }, 'end'])
    assert.equal(operator.hasPending, false)
  })

  it('hands on only the latest of watermarks with no record between them', async () => {
    const { operator, output, call, step } = asyncWorld()
    operator.processElement('a', 1)
    operator.processWatermark(1)
    operator.processWatermark(2)
    call('a').answer('A')
    await step()
    assert.deepEqual(output.all, ['A', { watermark: 2 }])
  })
})

describe('an unordered asynchronous operator', () => {
  it('gives results as they arrive, none past a watermark', async () => {
    const { operator, output, call, step } = asyncWorld({ ordered: false })
    operator.processElement('a', 1)
    operator.processElement('b', 1)
    operator.processWatermark(1)
    operator.processElement('c', 2)
    operator.processElement('d', 2)
    for (const value of ['d', 'c', 'b']) call(value).answer(value)
    await step()
    assert.deepEqual(output.all, ['b'])
    call('a').answer('a')
    await step()
    assert.deepEqual(output.all, ['b', 'a', { watermark: 1 }, 'd', 'c'])
  })
})

describe('an asynchronous operator', () => {
  it('is full at its capacity, counting results that are not handed on', async () => {
    const { operator, call, calls, step } = asyncWorld({ capacity: 2 })
    operator.processElement('a', 0)
    assert.equal(operator.isFull, false)
    operator.processElement('b', 0)
    assert.equal(operator.isFull, true)
    call('b').answer('B')
    await step()
    assert.equal(operator.isFull, true)
    operator.processElement('c', 0) // what a record before had fanned out into
    assert.equal(calls.length, 2)
    call('a').answer('A')
    await step()
    assert.equal(calls.length, 3)
    assert.equal(operator.isFull, false)
  })

  it('waits for all calls before the end of input goes on', async () => {
    const { operator, output, call, step } = asyncWorld()
    operator.processElement('a', 0)
    operator.processWatermark(Number.POSITIVE_INFINITY)
    operator.endInput()
    await step()
    assert.equal(operator.hasPending, true)
    call('a').answer('A')
    await step()
    assert.deepEqual(output.all, ['A', { watermark: Number.POSITIVE_INFINITY }, 'end'])
    assert.equal(operator.hasPending, false)
  })

  it('takes results that are there at once', async () => {
    const { operator, output, step } = asyncWorld({ fn: (value) => `${String(value)}!` })
    operator.processElement('a', 0)
    await step()
    assert.deepEqual(output.all, ['a!'])
  })

  it('emits each of the results of a flat call, and refuses what is no list', async () => {
    const { operator, output, call, step } = asyncWorld({ flat: true })
    operator.processElement('a', 7)
    operator.processElement('b', 8)
    call('a').answer(['A', 'AA'])
    call('b').answer(undefined)
    await assert.rejects(step(), { code: 'TYPE_MISMATCH' })
    assert.deepEqual(output.all, ['A', 'AA'])
    assert.deepEqual(output.timestamps, [7, 7])
  })

  it('aborts the calls and forgets the timers when it is closed', async () => {
    const world = asyncWorld()
    world.operator.processElement('a', 0)
    assert.equal(world.timers, true)
    world.operator.close()
    assert.equal(world.call('a').signal.aborted, true)
    assert.equal(world.timers, false)
    world.call('a').refuse(new Error('aborted'))
    assert.equal(await world.step(), false)
    world.operator.close()
  })

  it('aborts the calls when the task is cancelled', () => {
    const world = asyncWorld()
    world.operator.processElement('a', 0)
    world.abort.abort()
    assert.equal(world.call('a').signal.aborted, true)
    assert.equal(world.timers, false)
  })
})

describe('a call that fails', () => {
  it('fails the task with the record, and aborts no other', async () => {
    const { operator, call, calls, step } = asyncWorld()
    operator.processElement({ id: 1 }, 0)
    operator.processElement('b', 0)
    calls[0]?.refuse(new Error('gone'))
    await assert.rejects(step(), (error) => {
      assert.ok(isMillraceError(error))
      assert.equal(error.code, 'FUNCTION_FAILED')
      assert.match(error.message, /record \{id: 1\}.*gone/)
      return true
    })
    assert.equal(call('b').signal.aborted, false)
  })

  it('is made again after a pause that doubles, up to a limit', async () => {
    const world = asyncWorld({ attemptsMax: 5, timeoutMs: 10_000 })
    world.operator.processElement('a', 0)
    const pauses: number[] = []
    for (let attempt = 1; attempt < 5; attempt++) {
      world.call('a').refuse(new Error('busy'))
      await world.step()
      let pause = 0
      for (; world.calls.length === attempt; pause++) await world.advance(1)
      pauses.push(pause)
    }
    const limits = [100, 200, 400, 400]
    for (const [index, pause] of pauses.entries()) {
      const limit = limits[index] ?? 0
      assert.ok(pause >= limit / 2 && pause <= limit + 1, `pause ${index}: ${pause}`)
    }
    world.call('a').answer('A')
    await world.step()
    assert.deepEqual(world.output.all, ['A'])
    assert.equal(world.operator.calls.retries, 4)
    assert.equal(world.timers, false)
  })

  it('is not made again for errors that are not worth it', async () => {
    const world = asyncWorld({ attemptsMax: 3, retryIf: (error) => error === 'busy' })
    world.operator.processElement('a', 0)
    world.call('a').refuse('gone')
    await assert.rejects(world.step(), { code: 'FUNCTION_FAILED' })
    assert.equal(world.operator.calls.retries, 0)
  })

  it('is made again for results that are not good enough, and keeps the last', async () => {
    const world = asyncWorld({ attemptsMax: 2, retryResultIf: (result) => result === undefined })
    world.operator.processElement('a', 0)
    world.call('a').answer(undefined)
    await world.step()
    await world.advance(100)
    assert.equal(world.calls.length, 2)
    world.call('a').answer(undefined)
    await world.step()
    assert.deepEqual(world.output.all, [undefined])
  })

  it('has a stand-in if the job gives one', async () => {
    const onError = (value: unknown, error: unknown) => `${String(value)}: ${String(error)}`
    const world = asyncWorld({ onError })
    world.operator.processElement('a', 0)
    world.call('a').refuse('gone')
    await world.step()
    assert.deepEqual(world.output.all, ['a: gone'])
  })

  it('fails the task when a function of the options throws', async () => {
    const world = asyncWorld({
      attemptsMax: 2,
      retryIf: () => {
        throw new Error('my own mistake')
      },
    })
    world.operator.processElement('a', 0)
    world.call('a').refuse('gone')
    await assert.rejects(world.step(), /my own mistake/)
  })
})

describe('the timeout of a call', () => {
  it('is over all attempts, ends the call by its signal, and fails the task', async () => {
    const world = asyncWorld({ attemptsMax: 9, timeoutMs: 300 })
    world.operator.processElement('a', 0)
    await world.advance(290)
    world.call('a').refuse('busy')
    await world.step()
    await world.advance(11)
    assert.equal(world.call('a').signal.aborted, true)
    assert.equal(world.operator.calls.timeouts, 1)
    await assert.rejects(world.step(), { code: 'FUNCTION_TIMEOUT' })
    assert.equal(world.timers, false)
  })

  it('may have a stand-in; what the call gives later is nobody’s', async () => {
    const world = asyncWorld({ timeoutMs: 300, onTimeout: (value) => `${String(value)}?` })
    world.operator.processElement('a', 0)
    await world.advance(300)
    assert.equal(world.call('a').signal.aborted, true)
    world.call('a').answer('too late')
    await world.step()
    assert.deepEqual(world.output.all, ['a?'])
    assert.equal(world.operator.calls.inFlight, 0)
  })
})
