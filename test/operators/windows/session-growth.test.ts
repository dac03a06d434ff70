// Sessions that grow with each record leave their timers where they are: nothing of it is seen.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DataStream, eventTimeTrigger, sessionWindow, type WindowedStream } from 'millrace'
import type { Random } from '../../../src/util/random.ts'
import { backends, feed, randomFor, show, sum, UID, windowHarness } from './harness.ts'
import { type Keyed, late, randomSteps, run, runOver, types } from './random-steps.ts'

/** The same trigger, but not the one that the engine knows to be the default. */
const eager = { ...eventTimeTrigger() }

function randomCase(random: Random) {
  const gap = 1 + random.int(30)
  const isDynamic = random.int(2) === 0
  const lateness = random.int(2) * random.int(40)
  const windowed = (keyed: Keyed): Pick<WindowedStream<string, number>, 'reduce' | 'trigger'> =>
    keyed
      .window(isDynamic ? sessionWindow((value) => 1 + (value % gap)) : sessionWindow(gap))
      .allowedLateness(lateness)
      .sideOutputLateData(late)
  return {
    text: JSON.stringify({ gap, isDynamic, lateness }),
    lazy: (keyed: Keyed): DataStream<string> => windowed(keyed).reduce(UID, sum, show),
    eager: (keyed: Keyed): DataStream<string> =>
      windowed(keyed).trigger(eager).reduce(UID, sum, show),
  }
}

describe('sessions that grow', () => {
  const rounds = Number(process.env['ROUNDS'] ?? 60)

  it('give what sessions give that set their timers for each record', async (context) => {
    const random = randomFor(context)
    for (let round = 0; round < rounds; round++) {
      const { text, lazy, eager } = randomCase(random)
      const steps = randomSteps(random, 60)
      assert.deepEqual(await run(lazy, steps, {}), await run(eager, steps, {}), text)
    }
  })

  for (const { name, isThere, create } of backends) {
    it(`do so over a snapshot at any point, on ${name}`, { skip: !isThere }, async (context) => {
      const random = randomFor(context)
      for (let round = 0; round < rounds / 6; round++) {
        const { text, lazy, eager } = randomCase(random)
        const steps = randomSteps(random, 60)
        const options = { backend: create(), memory: 1 }
        const whole = await runOver(random.int(steps.length), lazy, steps, options)
        assert.deepEqual(whole, await run(eager, steps, {}), text)
      }
    })
  }

  it('have their timer set anew when it is due', async () => {
    await using harness = await windowHarness<string, number, string>(
      (keyed) => keyed.window(sessionWindow(10)).reduce(UID, sum, show),
      types,
    )
    feed(harness, 'a', [1, 0], [2, 5], [4, 12])
    assert.equal(harness.nextTimer('event-time'), 9)
    harness.processWatermark(9)
    assert.equal(harness.nextTimer('event-time'), 21)
    harness.processWatermark(21)
    assert.deepEqual(harness.output, ['a [0,22) 7'])
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })
})
