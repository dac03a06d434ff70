// What happens to an order, one event at a time: its items in a list, its status as a value, and
// when it reached each status in a map. What the rules forbid goes to a side output.
import { type Infer, keyedProcess, listState, mapState, outputTag, t, valueState } from 'millrace'

export const Status = t.enum('open', 'paid', 'shipped', 'refunded', 'cancelled')
export type Status = Infer<typeof Status>

export const OrderEvent = t.struct({
  order: t.int32,
  kind: t.enum('item', 'pay', 'ship', 'refund', 'cancel'),
  /** Of the item, for events of that kind. */
  item: t.optional(t.string),
  at: t.timestamp,
})
export type OrderEvent = Infer<typeof OrderEvent>

export const OrderStatus = t.struct({
  order: t.int32,
  status: Status,
  items: t.list(t.string),
  /** Milliseconds since the order was opened. */
  age: t.float64,
})
export type OrderStatus = Infer<typeof OrderStatus>

/** An event that the order's status does not allow. */
export const illegal = outputTag(
  'illegal',
  t.struct({ order: t.int32, kind: t.string, status: t.string, at: t.timestamp }),
)

/** From a status, by an event, to the next one. */
const transitions: Readonly<Record<Status, Partial<Record<OrderEvent['kind'], Status>>>> = {
  open: { item: 'open', pay: 'paid', cancel: 'cancelled' },
  paid: { ship: 'shipped', refund: 'refunded' },
  shipped: { refund: 'refunded' },
  refunded: {},
  cancelled: {},
}

export const orderStatus = keyedProcess({
  key: t.int32,
  input: OrderEvent,
  output: OrderStatus,
  state: {
    status: valueState(Status, { initial: 'open' }),
    items: listState(t.string),
    reached: mapState(Status, t.timestamp),
  },
  processElement({ kind, item, at }, ctx, out) {
    const { status, items, reached } = ctx.state
    const before = status.value()
    const next = transitions[before][kind]
    // An order without items cannot be paid.
    if (next === undefined || (kind === 'pay' && items.length === 0)) {
      ctx.output(illegal, { order: ctx.currentKey, kind, status: before, at })
      return
    }
    if (kind === 'item') items.add(item ?? 'unknown')
    if (!reached.has(next)) reached.set(next, at)
    if (next === before) return
    status.update(next)
    const opened = reached.get('open') ?? at
    out.collect({ order: ctx.currentKey, status: next, items: [...items], age: at - opened })
  },
})
