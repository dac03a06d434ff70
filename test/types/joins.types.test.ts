// What must and what must not compile in joins and helpers: checked by the compiler, never run.
import { describe, it } from 'node:test'
import {
  countTrigger,
  type DataStream,
  type KeyedStream,
  type RankUpdate,
  type Session,
  sessionWindow,
  tumblingWindow,
  type Trigger,
  type Update,
} from 'millrace'

interface Order {
  readonly id: string
  readonly at: number
}
interface Payment {
  readonly order: string
  readonly paid: number
}
type Orders = KeyedStream<string, Order>
type Payments = KeyedStream<string, Payment>

/** Compiles only if both types are the same. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : never
function same<A, B>(_proof: Same<A, B>): void {}
type ElementOf<S> = S extends DataStream<infer T> ? T : never

/** Holds code that is compiled and not run. */
function compiles(
  _code: (orders: Orders, payments: Payments, numbers: KeyedStream<number, Order>) => void,
): void {}

describe('the types of joins', () => {
  it('tell which side may be missing', () => {
    compiles((orders, payments) => {
      const near = orders.intervalJoin(payments).between('-5 min', '1 h')
      const paid = near.process('paid', (order, payment) => ({ id: order.id, paid: payment.paid }))
      same<ElementOf<typeof paid>, { id: string; paid: number }>(true)
      // @ts-expect-error the right record may be missing
      near.leftOuter().process('left', (order, payment) => [order.id, payment.paid])
      // @ts-expect-error the left record may be missing
      near.rightOuter().process('right', (order, payment) => [order.id, payment.paid])
      near.fullOuter().process('full', (order, payment) => [order?.id, payment?.paid])
      const windows = orders.join(payments).window(tumblingWindow('1 h'))
      // @ts-expect-error the right record may be missing
      windows.leftOuter().apply('left', (_order, payment) => payment.paid)
      const versions = orders.temporalJoin(payments).leftOuter()
      // @ts-expect-error the version may be missing
      versions.process('v', (_order, { paid }) => paid)
    })
  })

  it('leave out undefined from the results', () => {
    compiles((orders, payments) => {
      const some = orders
        .temporalJoin(payments)
        .process('some', (order, { paid }) => (paid > 0 ? order.id : undefined))
      same<ElementOf<typeof some>, string>(true)
    })
  })

  it('refuse keys of two types, promises, and bounds that are no time', () => {
    compiles((orders, payments, numbers) => {
      // @ts-expect-error the keys differ
      orders.intervalJoin(numbers)
      // @ts-expect-error the keys differ
      orders.coGroup(numbers)
      // @ts-expect-error a misspelt unit
      orders.intervalJoin(payments).between(0, '1 hour')
      const near = orders.intervalJoin(payments).between(0, 1)
      // @ts-expect-error functions are synchronous
      const promised: DataStream<string> = near.process('p', async (order) => order.id)
      return promised
    })
  })

  it('ask for triggers that merge where windows do', () => {
    compiles((orders, payments) => {
      const plain: Trigger<Order | Payment> = countTrigger(3)
      orders.coGroup(payments).window(tumblingWindow(1)).trigger(plain)
      // @ts-expect-error sessions merge
      orders.coGroup(payments).window(sessionWindow(1)).trigger(plain)
    })
  })
})

describe('the types of helpers', () => {
  it('say what comes out', () => {
    compiles((orders) => {
      const lists = orders.topN('top', 3, { by: (order) => order.at })
      same<ElementOf<typeof lists>, Update<string, readonly Order[]>>(true)
      const ranks = orders.topN('ranks', 3, { by: (order) => order.at, emit: 'ranks' })
      same<ElementOf<typeof ranks>, RankUpdate<string, Order>>(true)
      const sessions = orders.sessionize('sessions', { gap: '1 h' })
      same<ElementOf<typeof sessions>, Session<string, readonly Order[]>>(true)
      const once = orders.deduplicate('once', { keep: 'first', by: ({ id }) => id })
      same<ElementOf<typeof once>, Order>(true)
    })
  })

  it('refuse what has no order, no identity or no number', () => {
    compiles((orders) => {
      // @ts-expect-error an order has no rank
      orders.topN('top', 3, { by: (order) => order })
      // @ts-expect-error an order is no primitive
      orders.deduplicate('once', { keep: 'first', by: (order) => order })
      // @ts-expect-error no such choice
      orders.deduplicate('once', { keep: 'middle' })
      // @ts-expect-error an id is no number
      orders.mean('mean', ({ id }) => id)
      const aggregate = {
        createAccumulator: () => 0,
        add: (_order: Order, n: number) => n + 1,
        getResult: (n: number) => n,
      }
      // @ts-expect-error sessions merge
      orders.sessionize('sessions', { gap: 1, aggregate })
    })
  })
})
