/**
 * What do five operators without state cost, in nanoseconds of CPU time a record? Fused, and plain,
 * as in a process that may not make code of strings; with one chain in the worker, and with four,
 * whose functions differ; with timestamps, and without. Source and sink are part of it.
 */
import { setFlagsFromString } from 'node:v8'
import { run, type RunOptions } from 'millrace'
import { benchmark, type Figure, inFolder, type Measures } from './lib.ts'
import { Listener, type Span, total } from './jobs/probe.ts'

const RECORDS = 8_000_000

interface Kind {
  readonly isFused: boolean
  readonly chains: number
  readonly timed: boolean
}

function measure({ isFused, chains, timed }: Kind): Promise<Measures> {
  // Of the contexts that are made from now on: those of the workers.
  if (!isFused) setFlagsFromString('--disallow-code-generation-from-strings')
  return inFolder(async (directory) => {
    const spans = new Listener<Span>('chains')
    const url = new URL('./jobs/chains.ts', import.meta.url)
    const params = { records: RECORDS / chains, chains, timed }
    const options: RunOptions = { params, directory, backend: 'hashmap' }
    await (
      await run(url, options)
    ).finished
    spans.close()
    const { cpuSeconds, records } = total(spans.messages)
    return { ns: (cpuSeconds * 1e9) / records }
  })
}

const kinds = [1, 4].flatMap((chains) =>
  [false, true].flatMap((timed) =>
    [true, false].map((isFused): Kind => ({ isFused, chains, timed })),
  ),
)

function nameOf({ isFused, chains, timed }: Kind): string {
  const form = isFused ? 'fused' : 'plain'
  return `chains: ${chains}, ${form}${timed ? ', in event time' : ''}`
}

await benchmark({
  contenders: Object.fromEntries(kinds.map((kind) => [nameOf(kind), () => measure(kind)])),
  figures: (rounds): readonly Figure[] =>
    kinds.map((kind) => {
      return { name: nameOf(kind), values: rounds.values(nameOf(kind), 'ns'), unit: 'ns/record' }
    }),
})
