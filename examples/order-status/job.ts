// Follows orders by their number: JSON lines of events in, a line for each change of status out,
// and what the rules forbid in a folder of its own.
import { job, t } from 'millrace'
import { fileSink, fileSource, jsonLines } from 'millrace/connectors'
import { illegal, OrderEvent, orderStatus } from './orders.ts'

export default job(
  'order-status',
  { params: { events: t.string, output: t.string, illegal: t.string } },
  (env, params) => {
    const changes = env
      .fromSource('events', fileSource({ path: params.events, format: jsonLines(OrderEvent) }))
      .keyBy((event) => event.order)
      .process('order-status', orderStatus)
    changes.sinkTo('output', fileSink({ path: params.output, format: 'json-lines' }))
    changes
      .sideOutput(illegal)
      .sinkTo('illegal', fileSink({ path: params.illegal, format: 'json-lines' }))
  },
)
