/**
 * Joins orders with payments that follow ten seconds later, or with the rates of their time: a
 * hundred thousand keys, two records each millisecond, one of each kind.
 */
import { job, t } from 'millrace'
import { dataGenerator, sink } from 'millrace/connectors'
import { measured } from './probe.ts'

const KEYS = 100_000
/** A payment comes so many orders, which are milliseconds, later. */
const BEHIND = 10_000
const Event = t.struct({ isOrder: t.boolean, key: t.float64, at: t.timestamp })
interface Event {
  readonly isOrder: boolean
  readonly key: number
  readonly at: number
}

/** Spreads consecutive numbers over the keys. */
const keyOf = (order: number): number => (Math.imul(order, 0x9e3779b1) >>> 0) % KEYS

function generate(index: number): Event {
  const at = index >>> 1
  const isOrder = (index & 1) === 0
  return { isOrder, key: keyOf(isOrder ? at : at - BEHIND), at }
}

const params = { kind: t.enum('inner', 'fullOuter', 'temporal'), records: t.float64 }

export default job('joins', { params }, (env, { kind, records }) => {
  const source = dataGenerator<Event>({ generate, count: records, type: Event })
  const timestamp = ({ at }: Event) => at
  const events = env.fromSource('events', measured(source, 'joins'), { timestamp })
  const orders = events.filter(({ isOrder }) => isOrder).keyBy(({ key }) => key, t.float64)
  const others = events.filter(({ isOrder }) => !isOrder).keyBy(({ key }) => key, t.float64)
  const near = orders.intervalJoin(others).between(0, '30 s')
  const drop = sink<unknown>({ write() {} })
  const later = (order: Event | undefined, payment: Event | undefined): number =>
    (payment?.at ?? 0) - (order?.at ?? 0)
  if (kind === 'inner') near.process('near', later).sinkTo('drop', drop)
  else if (kind === 'fullOuter') near.fullOuter().process('near', later).sinkTo('drop', drop)
  else orders.temporalJoin(others).leftOuter().process('valid', later).sinkTo('drop', drop)
})
