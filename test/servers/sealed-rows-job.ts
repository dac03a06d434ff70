/**
 * A job with `shredBy` that leaves something wherever a job can: rows in memory and below it,
 * timers, parked keys, dead letters, records that wait on disk, output that is not committed. Every
 * key, value and subject is made of words that can be searched for. For workers in threads.
 */
import { existsSync } from 'node:fs'
import {
  deadLetterTag,
  eventTimer,
  job,
  keyedProcess,
  listState,
  mapState,
  t,
  valueState,
} from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'
import { objectStore } from 'millrace/object-store'

export const CANARY = 'canary-4711'
export const PEOPLE = 600
export const personOf = (n: number): string => `${CANARY}-person-${n % PEOPLE}`
/** Whose records are parked while there is a file that says so. */
export const PARKED = personOf(5)
/** Of each burst more comes for the other worker than a ring takes, faster than it is processed. */
const FILLER_BYTES = 8_000
const BURST = PEOPLE
/** One record of each burst becomes a dead letter. */
const REFUSED = 7

const keyType = t.tuple(t.string, t.string)
const Order = t.struct({ person: t.string, n: t.float64, text: t.string })
const Count = t.struct({ person: t.string, count: t.float64 })

const kept = keyedProcess({
  key: keyType,
  input: Order,
  output: Count,
  state: {
    count: valueState(t.float64, { initial: 0 }),
    text: valueState(t.string),
    list: listState(t.string),
    map: mapState(t.string, t.string),
  },
  timers: { far: eventTimer(t.string) },
  onTimer() {},
  processElement({ person, n, text }, { state, timers }, out) {
    const { count, list, map } = state
    count.update(count.value() + 1)
    state.text.update(text.slice(0, 1_000))
    if (count.value() < 4) list.add(`element ${n} of ${person}`)
    map.set(`entry ${n % 3} of ${person}`, `value of ${person}`)
    timers.far.set(1e15, `timer of ${person}`)
    if (person === PARKED && existsSync(flawIn())) throw new Error('this does not work')
    out.collect({ person, count: count.value() })
  },
})

/** The folder of the test, for functions that have no parameters. */
const flawIn = (): string => process.env['MILLRACE_TEST_FLAW'] ?? ''

const burstOf = (burst: number) =>
  Array.from({ length: BURST }, (_, index) => {
    const n = burst * BURST + index
    const person = personOf(n)
    return { person, n, text: `text ${n} of ${person} `.repeat(320).slice(0, FILLER_BYTES) }
  })

export default job(
  'sealed',
  {
    params: { output: t.string, bursts: t.float64 },
    backend: objectStore({ writeBufferSize: '64 KB', cacheSize: '1 MB' }),
    outboxBytes: '64 KiB',
    state: { localRecovery: 'on' },
    checkpointing: { interval: '100 ms', keep: 1_000, compression: 'none' },
    restart: { strategy: 'none' },
  },
  (env, { output, bursts }) => {
    const checked = env
      .fromSource(
        'bursts',
        dataGenerator({ generate: (n) => n, ratePerSecond: bursts, type: t.float64 }),
      )
      .flatMap(burstOf)
      .map((order) => {
        if (order.n % BURST === REFUSED) throw new Error('this is refused')
        return order
      })
      .onError('dead-letter')
    checked
      .sideOutput(deadLetterTag)
      .sinkTo('refused', fileSink({ path: `${output}/refused`, format: 'json-lines' }))
    checked
      .keyBy(({ person }): [string, string] => [person, `${CANARY}-month`], keyType)
      .shredBy(([person]) => person)
      .process('kept', kept)
      .onError('park', { records: 1_000_000, size: '1 GB' })
      .sinkTo('out', fileSink({ path: `${output}/out`, format: 'json-lines' }))
  },
)
