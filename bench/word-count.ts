/**
 * How many words per second does one worker count? The words of a 100 MB file, split by the user's
 * own function, with a checkpoint each five seconds; beside a loop written by hand, which is the
 * most that this machine and a `Map` allow. "Of CPU time" leaves out what other programs took.
 */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { run, type RunOptions } from 'millrace'
import { benchmark, type Figure, inFolder, type Measures, type Rounds, watchMemory } from './lib.ts'
import { Listener, type Span, total } from './jobs/probe.ts'
import { DISTINCT_WORDS, textFile, WORDS } from './jobs/words.ts'

function measureJob(name: string, backend: 'hashmap' | 'rocksdb'): Promise<Measures> {
  return inFolder(async (folder) => {
    const input = await textFile()
    const spans = new Listener<Span>('word-count')
    const memory = watchMemory()
    const start = performance.now()
    const url = new URL(`./jobs/${name}.ts`, import.meta.url)
    const output = name === 'word-totals' ? { output: join(folder, 'output') } : {}
    const options: RunOptions = {
      params: { input, ...output },
      directory: folder,
      backend,
      memory: '1 GB',
      checkpointing: { interval: '5 s' },
    }
    const handle = await run(url, options)
    await handle.finished
    const wholeSeconds = (performance.now() - start) / 1000
    spans.close()
    const { rows, coldReads } = handle.status.backend
    if (rows < DISTINCT_WORDS) throw new Error(`${rows} words were counted`)
    if (coldReads > rows * 2) throw new Error('not everything was held in memory')
    const { seconds, cpuSeconds } = total(spans.messages)
    return {
      perSecond: WORDS / seconds / 1e6,
      perCpuSecond: WORDS / cpuSeconds / 1e6,
      perWholeSecond: WORDS / wholeSeconds / 1e6,
      rssMb: memory.stop().medianMb,
    }
  })
}

/** What one would write without an engine: no checkpoints, nothing survives. */
async function plainLoop(): Promise<Measures> {
  const input = createReadStream(await textFile())
  const start = performance.now()
  const cpu = process.threadCpuUsage()
  const counts = new Map<string, number>()
  let rest = ''
  for await (const chunk of input.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      for (const word of line.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1)
    }
  }
  if (counts.size !== DISTINCT_WORDS) throw new Error(`${counts.size} words were counted`)
  const { user, system } = process.threadCpuUsage(cpu)
  return {
    perSecond: WORDS / (performance.now() - start) / 1000,
    perCpuSecond: WORDS / (user + system),
  }
}

const titles = {
  hashmap: 'word count, hashmap',
  rocksdb: 'word count, rocksdb, all cached',
  totals: 'word count, hashmap, totals to a file',
  plain: 'word count, plain loop',
}

function figures(rounds: Rounds): readonly Figure[] {
  const unit = 'M words/s'
  return Object.entries(titles).flatMap(([contender, name]): Figure[] => {
    const values = (measure: string): readonly number[] => rounds.values(contender, measure)
    const target = contender === 'hashmap' ? { target: { atLeast: 3 } } : {}
    const rates = [
      { name, values: values('perSecond'), unit, ...target },
      { name: `${name}, of CPU time`, values: values('perCpuSecond'), unit },
    ]
    if (contender === 'plain') return rates
    return [
      ...rates,
      { name: `${name}, with start and end`, values: values('perWholeSecond'), unit },
      { name: `${name}, resident memory`, values: values('rssMb'), unit: 'MB' },
    ]
  })
}

await benchmark({
  contenders: {
    hashmap: () => measureJob('word-count', 'hashmap'),
    rocksdb: () => measureJob('word-count', 'rocksdb'),
    totals: () => measureJob('word-totals', 'hashmap'),
    plain: plainLoop,
  },
  figures,
})
