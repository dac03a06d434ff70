// Unaligned checkpoints of jobs with several inputs, broadcast state and bursts of timers, taken
// while all channels are full, and restored at another parallelism.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, keyedCoProcess, keyedProcess, mapState, t, valueState, type Job } from 'millrace'
import { source } from 'millrace/connectors'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import { BlockedSink } from './blocked-sink.ts'
import { Cluster } from './cluster.ts'

const RECORDS = 1_200
const KEYS = 30
const LONG = 'x'.repeat(40)

interface Item {
  readonly key: number
  readonly at: number
  readonly text: string
}

const Item = t.struct({ key: t.float64, at: t.float64, text: t.string })

/** Each split has all keys, in order. */
const items = source<Item, number>({
  name: 'items',
  type: Item,
  position: t.float64,
  async *read(_split, from = 0) {
    for (let start = from; start < RECORDS; start += 60) {
      const values = Array.from({ length: 60 }, (_, index) => start + index).map((at) => {
        return { key: at % KEYS, at, text: LONG }
      })
      yield { values, position: start + 60 }
    }
  },
})

const SPLITS = { left: ['l0', 'l1'], right: ['r0', 'r1'] }

/** Takes a checkpoint while the sink stands still, kills, goes on elsewhere, and ends the job. */
async function through(
  made: Job,
  out: BlockedSink<string>,
  splits: Readonly<Record<string, readonly string[]>>,
  route: readonly number[],
): Promise<readonly CheckpointLink[]> {
  const links: CheckpointLink[] = []
  let store: Cluster['store'] | undefined
  for (const [at, parallelism] of route.entries()) {
    const running: Cluster = await Cluster.start(made, {
      parallelism,
      splits,
      alignmentTimeoutMs: 0,
      restored: links.at(-1),
      ...(store === undefined ? {} : { store }),
    })
    store = running.store
    if (at === route.length - 1) {
      await running.settle()
      await running.checkpoint(99, true)
      await running.complete(99)
      await running.kill()
      return links
    }
    await running.run(4)
    out.block()
    await running.settle()
    running.trigger(at + 1)
    await running.run(3)
    out.letThrough()
    const link = await running.acknowledgedByAll(at + 1)
    assert.deepEqual(running.failures, [])
    const hashes = running.acknowledged(at + 1).flatMap(({ broadcasts = [] }) => broadcasts)
    assert.ok(new Set(hashes.map(({ name, hash }) => `${name} ${hash}`)).size <= 1)
    assert.ok(link.tasks.some(({ inFlight = [] }) => inFlight.length > 0))
    links.push(link)
    await running.complete(at + 1)
    out.unblock()
    await running.kill()
  }
  return links
}

/** Hands on what it gets. */
const pass = keyedProcess({
  key: t.float64,
  input: t.string,
  output: t.string,
  processElement(text, _context, out) {
    out.collect(text)
  },
})

const keyedPass = keyedProcess({
  key: t.float64,
  input: Item,
  output: t.string,
  processElement({ text }, _context, out) {
    out.collect(text)
  },
})

const sorted = (values: readonly string[]): readonly string[] => [...values].toSorted()

describe('an unaligned checkpoint', () => {
  it('holds what is in flight to both inputs of a function', async () => {
    const out = new BlockedSink<string>()
    const order = keyedCoProcess({
      key: t.float64,
      output: t.string,
      state: {
        left: valueState(t.float64, { initial: 0 }),
        right: valueState(t.float64, { initial: 0 }),
      },
      processElement1(_item: Item, { state, currentKey }, collector) {
        state.left.update(state.left.value() + 1)
        collector.collect(`left ${currentKey} ${state.left.value()}`)
      },
      processElement2(_item: Item, { state, currentKey }, collector) {
        state.right.update(state.right.value() + 1)
        collector.collect(`right ${currentKey} ${state.right.value()}`)
      },
    })
    const made = job('two-inputs', (env) => {
      const left = env.fromSource('left', items).keyBy(({ key }) => key, t.float64)
      const right = env.fromSource('right', items).keyBy(({ key }) => key, t.float64)
      left.connect(right).process('order', order).sinkTo('out', out.sink)
    })
    await through(made, out, SPLITS, [2, 3, 1, 2])
    const perKey = (2 * RECORDS) / KEYS
    const all = ['left', 'right'].flatMap((side) =>
      Array.from({ length: KEYS }, (_, key) =>
        Array.from({ length: perKey }, (__, at) => `${side} ${key} ${at + 1}`),
      ).flat(),
    )
    assert.deepEqual(sorted(out.visible), sorted(all))
  })

  it('waits for broadcast records, so that all subtasks have seen the same', async () => {
    const out = new BlockedSink<string>()
    const made = job('broadcast', (env) => {
      const rules = env
        .fromSource('right', items)
        .broadcast({ last: mapState(t.float64, t.float64) })
      env
        .fromSource('left', items)
        .keyBy(({ key }) => key, t.float64)
        .connect(rules)
        .process('apply', {
          output: t.string,
          state: { count: valueState(t.float64, { initial: 0 }) },
          processElement(_item, { state, currentKey }, collector) {
            state.count.update(state.count.value() + 1)
            collector.collect(`${currentKey} ${state.count.value()}`)
          },
          processBroadcastElement({ key, at }, { broadcast }) {
            broadcast.last.set(key, (broadcast.last.get(key) ?? 0) + at)
          },
        })
        .sinkTo('out', out.sink)
    })
    await through(made, out, SPLITS, [2, 3, 2])
    const all = Array.from({ length: KEYS }, (_, key) =>
      Array.from({ length: (2 * RECORDS) / KEYS }, (__, at) => `${key} ${at + 1}`),
    ).flat()
    assert.deepEqual(sorted(out.visible), sorted(all))
  })

  it('holds a watermark that has fired half of its timers', async () => {
    const out = new BlockedSink<string>()
    const burst = keyedProcess({
      key: t.float64,
      input: Item,
      output: t.string,
      state: { count: valueState(t.float64, { initial: 0 }) },
      processElement({ at }, { timers }) {
        // All of a key fire at the end of time.
        for (let each = 0; each < 4; each++) timers.registerEventTimeTimer(1e9 + at * 10 + each)
      },
      onTimer(time, { currentKey, state }, collector) {
        state.count.update(state.count.value() + 1)
        collector.collect(`${currentKey} ${time} ${LONG}`)
      },
    })
    const made = job('burst', (env) => {
      env
        .fromSource('left', items, { timestamp: ({ at }) => at })
        .keyBy(({ key }) => key, t.float64)
        .process('burst', burst)
        .keyBy((text) => Number(text.split(' ')[1]) % 7, t.float64)
        .process('pass', pass)
        .sinkTo('out', out.sink)
    })
    await through(made, out, { left: ['l0'] }, [2, 3, 2])
    assert.equal(out.visible.length, RECORDS * 4)
    assert.equal(new Set(out.visible).size, RECORDS * 4)
  })

  it('holds what is in flight to an interval join', async () => {
    const out = new BlockedSink<string>()
    const made = job('join', (env) => {
      const at = { timestamp: (item: Item) => item.at }
      const left = env.fromSource('left', items, at).keyBy(({ key }) => key, t.float64)
      const right = env.fromSource('right', items, at).keyBy(({ key }) => key, t.float64)
      left
        .intervalJoin(right)
        .between(0, 0)
        .process('join', (one, other) => `${one.key} ${one.at} ${other.at}`)
        .sinkTo('out', out.sink)
    })
    await through(made, out, { left: ['l0'], right: ['r0'] }, [2, 3, 1])
    const all = Array.from({ length: RECORDS }, (_, at) => `${at % KEYS} ${at} ${at}`)
    assert.deepEqual(sorted(out.visible), sorted(all))
  })

  it('begins aligned and overtakes after the alignment timeout', async () => {
    const out = new BlockedSink<string>()
    const made = job('timeout', (env) => {
      env
        .fromSource('left', items)
        .keyBy(({ key }) => key, t.float64)
        .process('pass', keyedPass)
        .sinkTo('out', out.sink)
    })
    const running = await Cluster.start(made, {
      parallelism: 2,
      splits: { left: ['l0', 'l1'] },
      alignmentTimeoutMs: 1_000,
    })
    await running.run(4)
    out.block()
    await running.settle()
    running.trigger(1)
    await running.run(20)
    out.letThrough()
    await running.run(20)
    assert.equal(running.link(1), undefined, 'barriers wait behind records')
    assert.ok(running.tasks.every(({ barriers }) => barriers.nextDeadlineMs < 3_000))
    running.host.clock.advance(1_000)
    await running.run(3)
    out.letThrough()
    const link = await running.acknowledgedByAll(1)
    assert.ok(link.statistics.tasks.some(({ inFlightBytes = 0 }) => inFlightBytes > 0))
    out.unblock()
    await running.complete(1)
    // A savepoint waits for the sink, whatever the options say.
    const aligned = await running.checkpoint(2, true)
    assert.ok(aligned.tasks.every(({ inFlight }) => inFlight === undefined))
    await running.kill()
  })
})
