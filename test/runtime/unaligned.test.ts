// Unaligned checkpoints: all channels are full, the sink stands still, and yet a checkpoint is
// complete at once; what it holds, restored at any parallelism, gives exactly the rest.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, keyedProcess, t, valueState, type Job } from 'millrace'
import type { Sink } from 'millrace/spi'
import { source } from 'millrace/connectors'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import { BlockedSink } from './blocked-sink.ts'
import { Cluster, RING_BYTES, type ClusterOptions } from './cluster.ts'

interface Item {
  readonly key: number
  readonly at: number
}

const Item = t.struct({ key: t.float64, at: t.float64 })
const KEYS = 40
const PER_SPLIT = 1_500
const BATCH = 100

/** Split `i` has the keys that are `i` modulo the number of splits, each in order. */
const itemsOf = (splits: number) =>
  source<Item, number>({
    name: 'items',
    type: Item,
    position: t.float64,
    async *read({ id }, from = 0) {
      const split = Number(id)
      for (let start = from; start < PER_SPLIT; start += BATCH) {
        const values = Array.from({ length: Math.min(BATCH, PER_SPLIT - start) }, (_, index) => {
          const at = start + index
          return { key: ((at * splits) % KEYS) + split, at }
        })
        yield { values, position: start + values.length }
      }
    },
  })

/** Fails if a record of a key comes before an older one, and tells how many there were. */
const counting = keyedProcess({
  key: t.float64,
  input: Item,
  output: t.tuple(t.float64, t.float64, t.float64),
  state: { count: valueState(t.float64, { initial: 0 }), last: valueState(t.float64) },
  processElement({ at }, { state, currentKey }, out) {
    const last = state.last.value() ?? -1
    if (at <= last) throw new Error(`key ${currentKey}: ${at} after ${last}`)
    state.last.update(at)
    state.count.update(state.count.value() + 1)
    out.collect([currentKey, at, state.count.value()])
  },
})

const SPLITS = ['0', '1', '2', '3']
const ALL = SPLITS.length * PER_SPLIT
type Options = Omit<ClusterOptions, 'splits'>
const start = (made: Job, options: Options): Promise<Cluster> =>
  Cluster.start(made, { splits: { items: SPLITS }, ...options })

/** Runs until nothing moves any more because the sink stands still. */
async function congest(running: Cluster, sink: { block(): void }): Promise<void> {
  await running.run(5)
  sink.block()
  await running.settle()
}

/** A checkpoint taken while nothing can move. */
async function takeBlocked(
  running: Cluster,
  sink: { letThrough(): void },
  id: number,
): Promise<CheckpointLink> {
  running.trigger(id)
  await running.run(3)
  sink.letThrough()
  const link = await running.acknowledgedByAll(id)
  assert.deepEqual(running.failures, [])
  return link
}

const bytesInFlight = (link: CheckpointLink): number =>
  link.statistics.tasks.reduce((sum, task) => sum + (task.inFlightBytes ?? 0), 0)

function keyedJob(sink: Sink<readonly [number, number, number]>): Job {
  return job('unaligned', (env) => {
    env
      .fromSource('items', itemsOf(SPLITS.length))
      .keyBy(({ key }) => key, t.float64)
      .process('count', counting)
      .sinkTo('out', sink)
  })
}

function requireAllOnce(visible: readonly (readonly [number, number, number])[]): void {
  assert.equal(visible.length, ALL)
  assert.equal(new Set(visible.map(([key, at]) => `${key} ${at}`)).size, ALL)
  const last = new Map<number, number>()
  for (const [key, , count] of visible) last.set(key, Math.max(last.get(key) ?? 0, count))
  assert.equal(
    [...last.values()].reduce((sum, count) => sum + count, 0),
    ALL,
  )
}

describe('an unaligned checkpoint', () => {
  it('is complete while the sink stands still, and is exact through 2 → 3 → 1', async () => {
    const out = new BlockedSink<readonly [number, number, number]>()
    const made = keyedJob(out.sink)
    let running = await start(made, { parallelism: 2, alignmentTimeoutMs: 0 })
    const { store } = running
    let link: CheckpointLink | undefined
    for (const [at, parallelism] of [2, 3, 1].entries()) {
      if (at > 0) {
        running = await start(made, {
          parallelism,
          store,
          alignmentTimeoutMs: 0,
          restored: link,
        })
      }
      await congest(running, out)
      link = await takeBlocked(running, out, at + 1)
      assert.ok(bytesInFlight(link) > 0, 'channels were full')
      assert.ok(link.tasks.some(({ source: held }) => held?.pending.some(({ skip }) => skip)))
      await running.complete(at + 1)
      out.unblock()
      await running.kill()
    }
    const last = await start(made, { parallelism: 2, store, restored: link })
    await last.settle()
    await last.checkpoint(9, true)
    await last.complete(9)
    requireAllOnce(out.visible)
    await last.kill()
  })

  it('holds no more than what channels and sinks have room for', async () => {
    const out = new BlockedSink<readonly [number, number, number]>()
    const running = await start(keyedJob(out.sink), { parallelism: 2, alignmentTimeoutMs: 0 })
    await congest(running, out)
    const link = await takeBlocked(running, out, 1)
    const rings = 2 * 2 * 2
    for (const task of link.statistics.tasks) {
      // Keys are saved beside the values; a batch may wait before each channel.
      assert.ok((task.inFlightBytes ?? 0) <= 4 * rings * RING_BYTES, `${task.inFlightBytes}`)
    }
    out.unblock()
    await running.kill()
  })
})
