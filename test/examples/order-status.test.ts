import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { keyedHarness } from 'millrace/testing'
import {
  illegal,
  type OrderEvent,
  type OrderStatus,
  orderStatus,
} from '../../examples/order-status/orders.ts'
import { backends, finish, recordsOf, temporaryFolder } from './helpers.ts'

describe('the status of an order', () => {
  it('follows its events, and keeps items and history', async () => {
    await using harness = await keyedHarness(orderStatus)
    harness.processElement(7, { order: 7, kind: 'item', item: 'lamp', at: 100 })
    harness.processElement(7, { order: 7, kind: 'item', item: 'bulb', at: 200 })
    harness.processElement(7, { order: 7, kind: 'pay', at: 400 })
    assert.deepEqual(harness.output, [
      { order: 7, status: 'paid', items: ['lamp', 'bulb'], age: 300 },
    ])
    const { status, items, reached } = harness.state(7)
    assert.equal(status.value(), 'paid')
    assert.deepEqual(items.get(), ['lamp', 'bulb'])
    assert.deepEqual(new Map(reached).get('paid'), 400)

    await using restored = await keyedHarness(orderStatus, { restore: await harness.snapshot() })
    restored.processElement(7, { order: 7, kind: 'ship', at: 900 })
    assert.deepEqual(restored.output, [
      { order: 7, status: 'shipped', items: ['lamp', 'bulb'], age: 800 },
    ])
    assert.equal(harness.state(7).status.value(), 'paid', 'the first harness is not touched')
  })

  it('refuses what the rules forbid, into a side output, and changes nothing', async () => {
    await using harness = await keyedHarness(orderStatus)
    harness.processElement(1, { order: 1, kind: 'pay', at: 5 })
    harness.processElement(1, { order: 1, kind: 'item', item: 'lamp', at: 6 })
    harness.processElement(1, { order: 1, kind: 'cancel', at: 7 })
    harness.processElement(1, { order: 1, kind: 'pay', at: 8 })
    assert.deepEqual(harness.sideOutput(illegal), [
      { order: 1, kind: 'pay', status: 'open', at: 5 },
      { order: 1, kind: 'pay', status: 'cancelled', at: 8 },
    ])
    assert.equal(harness.state(1).status.value(), 'cancelled')
    assert.deepEqual([...harness.state(1).reached.keys()].toSorted(), ['cancelled', 'open'])
  })
})

const kinds = ['item', 'item', 'pay', 'ship', 'refund', 'cancel'] as const

/** Events that look random and are the same each time. */
function someEvents(count: number): OrderEvent[] {
  let seed = 12_345
  const next = (bound: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    return Math.floor((seed / 0x80000000) * bound)
  }
  return Array.from({ length: count }, (_, at) => {
    const kind = kinds[next(kinds.length)] ?? 'item'
    const event = { order: next(count / 8), kind, at }
    return kind === 'item' ? { ...event, item: `item-${next(50)}` } : event
  })
}

interface Order {
  status: OrderStatus['status']
  readonly items: string[]
  opened: number
}

/** The rules once more, written down as one would without state and streams. */
function computed(events: readonly OrderEvent[]) {
  const orders = new Map<number, Order>()
  const changes: OrderStatus[] = []
  const refused: OrderEvent[] = []
  for (const event of events) {
    const order = orders.get(event.order) ?? { status: 'open', items: [], opened: -1 }
    orders.set(event.order, order)
    const { status } = order
    const { kind } = event
    if (kind === 'item' && status === 'open') {
      order.items.push(event.item ?? '')
      if (order.opened < 0) order.opened = event.at
      continue
    }
    if (kind === 'pay' && status === 'open' && order.items.length > 0) order.status = 'paid'
    else if (kind === 'ship' && status === 'paid') order.status = 'shipped'
    else if (kind === 'refund' && (status === 'paid' || status === 'shipped')) {
      order.status = 'refunded'
    } else if (kind === 'cancel' && status === 'open') order.status = 'cancelled'
    else {
      refused.push(event)
      continue
    }
    const age = order.opened < 0 ? 0 : event.at - order.opened
    changes.push({ order: event.order, status: order.status, items: [...order.items], age })
  }
  return { changes, refused }
}

const sorted = (records: readonly object[]): readonly string[] =>
  records.map((record) => JSON.stringify(record)).toSorted()

describe('the job', () => {
  it('gives what the rules give, with any parallelism and backend', async () => {
    const folder = await temporaryFolder()
    const events = someEvents(8_000)
    const expected = computed(events)
    assert.ok(expected.changes.length > 1_000 && expected.refused.length > 1_000)
    await mkdir(join(folder, 'events'))
    const half = events.length / 2
    for (const part of [0, 1]) {
      const lines = events
        .slice(part * half, (part + 1) * half)
        .map((event) => JSON.stringify(event))
      await writeFile(join(folder, 'events', `${part}.jsonl`), lines.join('\n'))
    }
    for (const backend of backends) {
      const output = join(folder, backend, 'output')
      const refused = join(folder, backend, 'illegal')
      await finish('order-status', {
        params: { events: join(folder, 'events'), output, illegal: refused },
        directory: join(folder, backend),
        backend,
      })
      assert.deepEqual(sorted(await recordsOf<object>(output)), sorted(expected.changes))
      const illegalEvents = await recordsOf<{ order: number; at: number }>(refused)
      const byTime = (a: { readonly at: number }, b: { readonly at: number }) => a.at - b.at
      assert.deepEqual(
        illegalEvents.toSorted(byTime).map(({ order, at }) => ({ order, at })),
        expected.refused.map(({ order, at }) => ({ order, at })),
      )
    }
  })

  it('finds the four mistakes of the sample', async () => {
    const folder = await temporaryFolder()
    const sample = new URL('../../examples/order-status/events.jsonl', import.meta.url)
    const [output, refused] = [join(folder, 'output'), join(folder, 'illegal')]
    await finish('order-status', {
      params: { events: fileURLToPath(sample), output, illegal: refused },
      directory: folder,
      parallelism: 2,
    })
    const mistakes = await recordsOf<{ order: number; kind: string; status: string }>(refused)
    const texts = mistakes.map(({ order, kind, status }) => `${order} ${kind} ${status}`)
    const expected = ['1 item paid', '2 pay cancelled', '2 ship open', '3 pay open']
    assert.deepEqual(texts.toSorted(), expected)
    assert.equal((await recordsOf(output)).length, 4)
  })
})
