// What a status says of event time: for each operator where it stands, and what keeps it there.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, t, tumblingWindow } from 'millrace'
import { collection } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import type { OperatorTime } from '../../src/checkpoint/messages.ts'
import { print } from '../../src/connectors/print.ts'
import { furthestBehind } from '../../src/runtime/event-time-status.ts'

const numbers = collection([], { type: t.float64 })
type Harness = Awaited<ReturnType<typeof jobHarness>>

const windows = job('windows', (env) => {
  const time = { timestamp: (at: number) => at, idleness: '1 min' } as const
  env
    .fromSource('numbers', numbers, time)
    .keyBy((at) => at % 2)
    .window(tumblingWindow(10))
    .count('counts')
    .sinkTo('out', print())
})

/** After a checkpoint, workers send their status. */
async function holdsOf(harness: Harness) {
  await harness.checkpoint()
  return harness.status.eventTime.map(({ operator, watermark, heldBackBy }) => {
    return { operator, watermark, heldBackBy }
  })
}

describe('the event time of a status', () => {
  it('names the split that is furthest behind', async () => {
    await using harness = await jobHarness(windows, { splits: 2 })
    const source = harness.source<number>('numbers')
    await source.sendTo(0, 100)
    const none = { kind: 'split', name: 'split-1' }
    assert.deepEqual(await holdsOf(harness), [
      { operator: 'numbers', watermark: undefined, heldBackBy: none },
      { operator: 'counts', watermark: undefined, heldBackBy: none },
    ])
    await source.sendTo(1, 50)
    const behind = { kind: 'split', name: 'split-1', watermark: 49 }
    assert.deepEqual(await holdsOf(harness), [
      { operator: 'numbers', watermark: 49, heldBackBy: behind },
      { operator: 'counts', watermark: 49, heldBackBy: behind },
    ])
    await harness.advanceTime('2 min')
    const idle = { kind: 'idle', name: 'numbers' }
    assert.deepEqual((await holdsOf(harness))[1], {
      operator: 'counts',
      watermark: 49,
      heldBackBy: idle,
    })
    await source.end()
    await harness.finish()
    assert.deepEqual(
      harness.status.eventTime.map(({ hasEnded, heldBackBy }) => [hasEnded, heldBackBy]),
      [
        [true, undefined],
        [true, undefined],
      ],
    )
  })

  it('names the task before, in the subtask that is furthest behind, and since when', async () => {
    await using harness = await jobHarness(windows, { splits: 2, parallelism: 2 })
    const source = harness.source<number>('numbers')
    await source.sendTo(0, 100)
    await source.sendTo(1, 50)
    const before = await holdsOf(harness)
    const counts = before.find(({ operator }) => operator === 'counts')
    assert.equal(counts?.watermark, 49)
    assert.equal(counts?.heldBackBy?.kind, 'input')
    assert.match(counts?.heldBackBy?.name ?? '', /^numbers\[[01]\]$/)
    assert.equal(counts?.heldBackBy?.watermark, 49)
    const since = harness.status.eventTime.map((each) => each.since)
    await harness.advanceTime('5 s')
    await harness.checkpoint()
    assert.deepEqual(
      harness.status.eventTime.map((each) => each.since),
      since,
    )
    await source.sendTo(1, 60)
    await harness.checkpoint()
    assert.ok(harness.status.eventTime.every((each) => each.since === harness.now))
  })

  it('names calls that are under way, and watermarks made on the way', async () => {
    const calls = job('calls', (env) => {
      env
        .fromSource('numbers', numbers, { timestamp: (at) => at })
        .asyncMap<number>('call', { timeout: '1 h' }, () => new Promise(() => undefined))
        .process('after', { processElement: () => undefined })
        .sinkTo('out', print())
      env
        .fromSource('others', numbers)
        .assignTimestamps('time', { timestamp: (at) => at })
        .process('last', { processElement: () => undefined })
        .sinkTo('others-out', print())
    })
    await using harness = await jobHarness(calls)
    await harness.source<number>('numbers').send(1)
    await harness.source<number>('others').send(1)
    const holds = new Map((await holdsOf(harness)).map((each) => [each.operator, each.heldBackBy]))
    assert.deepEqual(holds.get('after'), { kind: 'calls', name: 'call' })
    assert.deepEqual(holds.get('time'), { kind: 'no time', name: 'others' })
    assert.deepEqual(holds.get('last'), { kind: 'generator', name: 'time' })
  })

  it('is that of the subtask furthest behind', () => {
    const time = (operator: string, subtaskIndex: number, watermark?: number): OperatorTime => ({
      operator,
      subtaskIndex,
      hasEnded: false,
      since: 0,
      ...(watermark === undefined ? {} : { watermark }),
    })
    const ended = { ...time('a', 2), hasEnded: true }
    const least = furthestBehind([ended, time('a', 0, 5), time('a', 1, 4), time('b', 0, 1)])
    assert.deepEqual(least, [time('a', 1, 4), time('b', 0, 1)])
    assert.deepEqual(furthestBehind([time('a', 0, 5), time('a', 1)]), [time('a', 1)])
  })
})
