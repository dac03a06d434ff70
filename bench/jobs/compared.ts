/** The jobs that are compared with those of other engines, in the ordinary API. */
import {
  job,
  keyedProcess,
  listState,
  mapState,
  type ParamsOf,
  type StreamEnvironment,
  t,
  type Update,
  valueState,
  words,
} from 'millrace'
import { fileSource, lines, source } from 'millrace/connectors'
import type { Source } from '../../src/operators/source.ts'
import { textHash } from '../suite/checksum.ts'
import {
  type Draw,
  namedPayment,
  type Payment,
  payment,
  visit,
  type Visit,
} from '../suite/draws.ts'
import { checked, tellOf, timed } from './told.ts'

const BATCH_RECORDS = 1_000
const LIST_LENGTH = 100

/** Makes records of their numbers, in as many parts as there are workers. */
function drawn<T>(draw: Draw<T>, records: number, splits: number): Source<T, number> {
  const share = Math.ceil(records / splits)
  return source<T, number>({
    name: 'records',
    position: t.float64,
    splits: () => Array.from({ length: splits }, (_, index) => String(index)),
    async *read({ id }, from) {
      tellOf('begin')
      const end = Math.min((Number(id) + 1) * share, records)
      for (let first = from ?? Number(id) * share; first < end; first += BATCH_RECORDS) {
        const last = Math.min(first + BATCH_RECORDS, end)
        const values: T[] = []
        for (let number = first; number < last; number++) values.push(draw(number))
        yield { values, position: last }
      }
      tellOf('read')
    },
  })
}

const PAYMENT = t.struct({ account: t.float64, amount: t.float64 })
const NAMED_PAYMENT = t.struct({ account: t.string, amount: t.float64 })
const VISIT = t.struct({ user: t.float64, page: t.float64 })

const countPages = keyedProcess({
  key: t.float64,
  input: VISIT,
  output: t.struct({ user: t.float64, page: t.float64, count: t.float64 }),
  state: { counts: mapState(t.float64, t.float64) },
  processElement({ user, page }: Visit, { state }, out) {
    const count = (state.counts.get(page) ?? 0) + 1
    state.counts.set(page, count)
    out.collect({ user, page, count })
  },
})

/** At each hundredth of a key its sum goes out, and the list begins anew. */
const addHundreds = keyedProcess({
  key: t.float64,
  input: VISIT,
  output: t.struct({ user: t.float64, sum: t.float64 }),
  state: { list: listState(t.float64), length: valueState(t.float64, { initial: 0 }) },
  processElement({ user, page }: Visit, { state }, out) {
    state.list.add(page)
    const length = state.length.value() + 1
    if (length < LIST_LENGTH) return state.length.update(length)
    let sum = 0
    for (const each of state.list) sum += each
    state.list.clear()
    state.length.clear()
    out.collect({ user, sum })
  },
})

/** No state, so that what is left at two workers is the exchange. */
const passOn = keyedProcess({
  key: t.float64,
  input: PAYMENT,
  output: PAYMENT,
  processElement(each: Payment<number>, _context, out) {
    out.collect(each)
  },
})

const params = {
  work: t.string,
  records: t.float64,
  keys: t.float64,
  splits: t.float64,
  input: t.string,
}
type Params = ParamsOf<typeof params>

const numberUpdates = checked<Update<number, number>>(
  ({ key }) => key,
  ({ value }) => value,
)
const textUpdates = checked<Update<string, number>>(
  ({ key }) => textHash(key),
  ({ value }) => value,
)

function payments(env: StreamEnvironment, { keys, records, splits }: Params) {
  const of = drawn(payment(keys), records, splits)
  const stream = env.fromSource('payments', of).returns(PAYMENT)
  return stream.keyBy(({ account }) => account, t.float64)
}

function visits(env: StreamEnvironment, { keys, records, splits }: Params) {
  const stream = env.fromSource('visits', drawn(visit(keys), records, splits)).returns(VISIT)
  return stream.keyBy(({ user }) => user, t.float64)
}

const works: Readonly<Record<string, (env: StreamEnvironment, given: Params) => void>> = {
  words(env, { input }) {
    env
      .fromSource('lines', timed(fileSource({ path: input, format: lines() })))
      .flatMap((line) => line.split(' '))
      .keyBy((word) => word)
      .count('counts')
      .sinkTo('out', textUpdates)
  },
  'words-built-in'(env, { input }) {
    env
      .fromSource('lines', timed(fileSource({ path: input, format: lines() })))
      .flatMap(words())
      .keyBy((word) => word)
      .count('counts')
      .sinkTo('out', textUpdates)
  },
  'sum-number'(env, given) {
    payments(env, given)
      .sum('sums', ({ amount }) => amount)
      .sinkTo('out', numberUpdates)
  },
  'sum-string'(env, { keys, records, splits }) {
    env
      .fromSource('payments', drawn(namedPayment(keys), records, splits))
      .returns(NAMED_PAYMENT)
      .keyBy(({ account }) => account, t.string)
      .sum('sums', ({ amount }) => amount)
      .sinkTo('out', textUpdates)
  },
  exchange(env, given) {
    const out = checked<Payment<number>>(
      ({ account }) => account,
      ({ amount }) => amount,
    )
    payments(env, given).process('pass-on', passOn).sinkTo('out', out)
  },
  map(env, given) {
    const out = checked<Visit & { readonly count: number }>(
      ({ user, page }) => (Math.imul(user, 31) + page) | 0,
      ({ count }) => count,
    )
    visits(env, given).process('pages', countPages).sinkTo('out', out)
  },
  list(env, given) {
    const out = checked<{ readonly user: number; readonly sum: number }>(
      ({ user }) => user,
      ({ sum }) => sum,
    )
    visits(env, given).process('hundreds', addHundreds).sinkTo('out', out)
  },
}

export default job('compared', { params }, (env, given) => {
  const build = works[given.work]
  if (build === undefined) throw new Error(`there is no work ${given.work}`)
  build(env, given)
})
