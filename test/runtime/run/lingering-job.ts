// A job whose module keeps a timer, as clients of databases do, so that its thread would never end.
import { job } from 'millrace'
import { collection, print } from 'millrace/connectors'

setInterval(() => undefined, 60_000)

export default job('lingering', (env) => {
  env.fromSource('numbers', collection([1, 2, 3])).sinkTo('out', print())
})
