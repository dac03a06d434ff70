// The event queue of the simulator and the clocks over it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '../../src/util/random.ts'
import { FaultPlan } from '../../simulation/faults.ts'
import { MessageLine } from '../../simulation/message-line.ts'
import { Scheduler, Scope, Violation } from '../../simulation/scheduler.ts'
import { SimClock } from '../../simulation/sim-clock.ts'

const newScheduler = () => new Scheduler({ eventsMax: 1_000 })

describe('messages', () => {
  it('come in the order in which they were sent, to the last bit of their times', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const scheduler = newScheduler()
      const random = new SeededRandom(seed)
      // Times are rounded most where they are small.
      const faults = new FaultPlan(random.fork('faults'), { messageSlow: 0.3 })
      const line = new MessageLine({ scheduler, faults }, random.fork('line'), scheduler.world)
      const came: number[] = []
      let sent = 0
      const send = (): void => {
        const number = sent++
        line.send('message', () => came.push(number))
        if (sent < 40) scheduler.schedule(scheduler.world, random.next() * 0.7, 'sends', send)
      }
      send()
      await scheduler.drive(() => came.length === 40)
      assert.deepEqual(came, [...came.keys()], `seed ${seed}`)
    }
  })
})

describe('the scheduler', () => {
  it('runs events by time and then by birth, with all microtasks in between', async () => {
    const scheduler = newScheduler()
    const said: string[] = []
    const say = (delayMs: number, word: string) => {
      scheduler.schedule(scheduler.world, delayMs, word, () => {
        void Promise.resolve()
          .then(() => undefined)
          .then(() => said.push(`after ${word}`))
        said.push(word)
      })
    }
    say(2, 'c')
    say(1, 'a')
    say(1, 'b')
    await scheduler.drive(() => said.length === 6)
    assert.deepEqual(said, ['a', 'after a', 'b', 'after b', 'c', 'after c'])
    assert.equal(scheduler.nowMs, 2)
  })

  it('lets nothing of a dead scope or of its children happen', async () => {
    const scheduler = newScheduler()
    const parent = new Scope('process')
    const child = new Scope('worker', parent)
    let happened = 0
    let isDone = false
    scheduler.schedule(child, 2, 'never', () => happened++)
    scheduler.schedule(scheduler.world, 1, 'kill', () => parent.kill())
    scheduler.schedule(scheduler.world, 3, 'end', () => (isDone = true))
    await scheduler.drive(() => isDone)
    assert.equal(happened, 0)
    assert.equal(child.isAlive, false)
  })

  it('delays what belongs to a stalled scope, in order', async () => {
    const scheduler = newScheduler()
    const scope = new Scope('process')
    const said: string[] = []
    scope.stallUntil(10)
    scheduler.schedule(scope, 1, 'first', () => said.push(`first at ${scheduler.nowMs}`))
    scheduler.schedule(scope, 2, 'second', () => said.push(`second at ${scheduler.nowMs}`))
    await scheduler.drive(() => said.length === 2)
    assert.deepEqual(said, ['first at 10', 'second at 10'])
  })

  it('tells when nothing can happen any more, and when there is no end', async () => {
    await assert.rejects(
      newScheduler().drive(() => false),
      /nothing is left/,
    )
    const scheduler = newScheduler()
    const again = () => void scheduler.schedule(scheduler.world, 1, 'again', again)
    again()
    await assert.rejects(
      scheduler.drive(() => false),
      /no end after 1000 events/,
    )
  })

  it('ends with the first violation', async () => {
    const scheduler = newScheduler()
    scheduler.fail(new Violation('one'))
    scheduler.fail(new Violation('two'))
    await assert.rejects(
      scheduler.drive(() => false),
      /one/,
    )
  })
})

describe('a simulated clock', () => {
  it('passes only from event to event, and ends a sleep when told to', async () => {
    const scheduler = newScheduler()
    const clock = new SimClock(scheduler, scheduler.world, new SeededRandom(1))
    const startedMs = clock.monotonic()
    const stop = new AbortController()
    const waited: number[] = []
    void clock.sleep(5_000).then(() => waited.push(clock.monotonic() - startedMs))
    void clock.sleep(9_000, stop.signal).then(() => waited.push(clock.monotonic() - startedMs))
    clock.setTimer(6_000, () => stop.abort())
    clock.setTimer(5_500, () => assert.fail('it was cancelled')).cancel()
    await scheduler.drive(() => waited.length === 2)
    assert.deepEqual(waited, [5_000, 6_000])
  })
})
