// When a worker counts as stuck: by two looks at the same call, never by a pause of the watcher.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Heartbeat } from '../../src/runtime/heartbeat.ts'

const LIMIT_MS = 10_000
const at = (progress: string) => ({ progress })

/** Ticks without a beat until somebody is to look. */
function untilLook(heartbeat: Heartbeat, beats = 1, tickMs = 250): number {
  for (let ticks = 1; ticks < 1_000; ticks++) {
    if (heartbeat.tick(beats, tickMs) === 'look') return ticks * tickMs
  }
  return Number.POSITIVE_INFINITY
}

function silent(): Heartbeat {
  const heartbeat = new Heartbeat(500)
  heartbeat.tick(1, 250)
  return heartbeat
}

describe('a worker', () => {
  it('that beats is fine, and one that has not begun, too', () => {
    const heartbeat = new Heartbeat(500)
    for (let beat = 0; beat < 100; beat++) assert.equal(heartbeat.tick(beat, 250), 'fine')
    const asleep = new Heartbeat(500)
    for (let tick = 0; tick < 100; tick++) assert.equal(asleep.tick(0, 250), 'fine')
  })

  it('is stuck when two looks find one call, within 2 s', () => {
    const heartbeat = silent()
    const firstMs = untilLook(heartbeat)
    assert.equal(heartbeat.looked(at('a'), LIMIT_MS), 'fine')
    const secondMs = untilLook(heartbeat)
    assert.equal(heartbeat.looked(at('a'), LIMIT_MS), 'found')
    // A beat may have come just before the first silent tick; a look takes a while.
    assert.ok(firstMs + secondMs + 250 < 2_000)
  })

  it('is ended when it still is at its limit', () => {
    const heartbeat = silent()
    for (let look = 0; look < 2; look++) {
      untilLook(heartbeat)
      heartbeat.looked(at('a'), LIMIT_MS)
    }
    untilLook(heartbeat)
    assert.equal(heartbeat.silentMs, LIMIT_MS)
    assert.equal(heartbeat.looked(at('a'), LIMIT_MS), 'end')
  })

  it('is not when it has come further by then, nor when it beats', () => {
    const heartbeat = silent()
    for (let look = 0; look < 2; look++) {
      untilLook(heartbeat)
      heartbeat.looked(at('a'), LIMIT_MS)
    }
    untilLook(heartbeat)
    assert.equal(heartbeat.looked(at('b'), LIMIT_MS), 'back')
    assert.equal(heartbeat.isFound, false)
    untilLook(heartbeat)
    heartbeat.looked(at('c'), LIMIT_MS)
    untilLook(heartbeat)
    assert.equal(heartbeat.looked(at('c'), LIMIT_MS), 'found')
    assert.equal(heartbeat.tick(2, 250), 'back')
    assert.equal(heartbeat.tick(3, 250), 'fine')
  })

  it('that is slow is looked at less and less often', () => {
    const heartbeat = silent()
    const waits: number[] = []
    for (let look = 0; look < 7; look++) {
      waits.push(untilLook(heartbeat))
      assert.equal(heartbeat.looked(at(`${look}`), LIMIT_MS), 'fine')
      untilLook(heartbeat)
      assert.equal(heartbeat.looked(at(`${look}, later`), LIMIT_MS), 'fine')
    }
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 16_000, 16_000])
  })

  it('is not judged by time in which the watcher did not live', () => {
    const heartbeat = silent()
    assert.equal(heartbeat.tick(1, 3_600_000), 'fine')
    assert.equal(heartbeat.silentMs, 500)
    heartbeat.tick(2, 250)
    assert.equal(heartbeat.silentMs, 0)
  })

  it('that does not answer gets ten seconds: it may be in garbage collection', () => {
    const heartbeat = silent()
    let verdict = 'fine'
    while (verdict === 'fine') {
      untilLook(heartbeat)
      verdict = heartbeat.looked(undefined, LIMIT_MS * 6)
    }
    assert.equal(verdict, 'found')
    assert.ok(heartbeat.silentMs >= 10_000 && heartbeat.silentMs <= 11_000)
  })

  it('that beats while it is looked at is fine', () => {
    const heartbeat = silent()
    untilLook(heartbeat)
    heartbeat.tick(2, 250)
    assert.equal(heartbeat.looked(at('a'), LIMIT_MS), 'fine')
    assert.equal(untilLook(heartbeat, 2), 1_000)
  })
})
