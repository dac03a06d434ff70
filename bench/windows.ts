/**
 * What does a record cost in windows? A hundred thousand users, each seen some ten times a minute:
 * sliding windows of an hour, one each minute, beside tumbling ones that give as many results; and
 * sessions of some twenty records. Measured when the sliding windows are full.
 */
import { run, type RunOptions } from 'millrace'
import { benchmark, type Figure, inFolder, type Measures, type Rounds } from './lib.ts'
import { Listener, type Span, total } from './jobs/probe.ts'
import { USERS } from './jobs/windows.ts'

const PER_MINUTE = 10 * USERS
const MINUTES = 4
const kinds = ['tumbling-minute', 'tumbling-hour', 'sliding', 'session'] as const

function measure(window: (typeof kinds)[number]): Promise<Measures> {
  return inFolder(async (directory) => {
    const spans = new Listener<Span>('windows')
    const url = new URL('./jobs/windows.ts', import.meta.url)
    const params = { window, perMinute: PER_MINUTE, minutes: MINUTES }
    const options: RunOptions = { params, directory, backend: 'hashmap', memory: '4 GB' }
    const handle = await run(url, options)
    await handle.finished
    spans.close()
    const { records, seconds, cpuSeconds } = total(
      spans.messages.filter((span) => span.name === 'read'),
    )
    return { perSecond: records / seconds / 1e6, nsPerRecord: (cpuSeconds * 1e9) / records }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  const nsOf = (kind: string): readonly number[] => rounds.values(kind, 'nsPerRecord')
  const all = kinds.flatMap((kind): Figure[] => [
    {
      name: `windows, ${kind}`,
      values: rounds.values(kind, 'perSecond'),
      unit: 'M records/s',
      ...(kind === 'session' ? { target: { atLeast: 0.5 } } : {}),
    },
    { name: `windows, ${kind}, CPU time`, values: nsOf(kind), unit: 'ns/record' },
  ])
  const tumbling = nsOf('tumbling-minute')
  const values = nsOf('sliding').map((ns, round) => ns / (tumbling[round] ?? Number.NaN))
  const name = 'windows, sliding 1 h/1 min of tumbling 1 min'
  return [...all, { name, values, unit: 'of CPU', target: { atMost: 1.5 } }]
}

const contenders = kinds.map((kind) => [kind, () => measure(kind)] as const)
await benchmark({ contenders: Object.fromEntries(contenders), figures })
