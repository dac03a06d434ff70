/**
 * How many records per second go through the exchange between two workers? Records of two numbers
 * are spread by key, half of them over a ring to the other worker, and summed there; ten thousand
 * keys, so that state costs little. Beside it the same job on one worker, without an exchange.
 */
import { run } from 'millrace'
import { benchmark, type Figure, inFolder, type Measures, type Rounds } from './lib.ts'
import { Listener, type Span, total } from './jobs/probe.ts'

function measure(parallelism: number): Promise<Measures> {
  return inFolder(async (directory) => {
    const spans = new Listener<Span>('exchange')
    const url = new URL('./jobs/exchange.ts', import.meta.url)
    const handle = await run(url, { directory, backend: 'hashmap', parallelism })
    await handle.finished
    spans.close()
    const { seconds, cpuSeconds, records } = total(
      spans.messages.filter((span) => span.name === 'read'),
    )
    return { perSecond: records / seconds / 1e6, perCpuSecond: records / cpuSeconds / 1e6 }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  const unit = 'M records/s'
  return ['two workers', 'one worker'].flatMap((name) => [
    { name: `exchange, ${name}`, values: rounds.values(name, 'perSecond'), unit },
    { name: `exchange, ${name}, of CPU time`, values: rounds.values(name, 'perCpuSecond'), unit },
  ])
}

await benchmark({
  contenders: { 'two workers': () => measure(2), 'one worker': () => measure(1) },
  figures,
})
