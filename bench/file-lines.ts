// How fast fileSource reads lines: a generated file of 100 MB in a temporary folder, three widths
// of lines, ASCII and not. Prints medians; the file is in the page cache.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { jsonLines, lines } from '../src/connectors/file/lines.ts'
import { csv } from '../src/connectors/file/csv.ts'
import { fileSource } from '../src/connectors/file/source.ts'
import type { Source } from '../src/operators/source.ts'
import { t } from '../src/types/t.ts'
import { systemClock } from '../src/util/clock.ts'
import { SeededRandom } from '../src/util/random.ts'

const FILE_BYTES = 100_000_000
const ROUNDS = 5
const WORDS = ['the', 'river', 'flows', 'past', 'an', 'old', 'mill', 'and', 'turns', 'its', 'wheel']

async function generate(path: string, makeLine: (random: SeededRandom) => string): Promise<void> {
  const random = new SeededRandom(1)
  const file = await open(path, 'w')
  for (let written = 0; written < FILE_BYTES;) {
    let text = ''
    while (text.length < 1_000_000) text += `${makeLine(random)}\n`
    written += (await file.write(text)).bytesWritten
  }
  await file.close()
}

function words(count: number, more = ''): (random: SeededRandom) => string {
  return (random) => {
    let line = more
    for (let n = 0; n < count; n++) line += `${WORDS[random.int(WORDS.length)]} `
    return line
  }
}

async function readOnce<T, P>(source: Source<T, P>): Promise<number> {
  const signal = new AbortController().signal
  const context = { signal, clock: systemClock, random: new SeededRandom(1), subtaskIndex: 0 }
  let records = 0
  for (const split of await source.discover(context)) {
    for await (const { values } of source.read(split, undefined, context)) records += values.length
  }
  return records
}

async function measure<T, P>(what: string, source: Source<T, P>): Promise<void> {
  const times: number[] = []
  let records = 0
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    records = await readOnce(source)
    times.push(performance.now() - start)
  }
  const seconds = (times.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0) / 1_000
  const megabytes = (FILE_BYTES / 1e6 / seconds).toFixed(0).padStart(6)
  const millions = (records / 1e6 / seconds).toFixed(2).padStart(6)
  console.log(`${what.padEnd(32)} ${megabytes} MB/s ${millions} M records/s`)
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
try {
  const [cpu] = cpus()
  console.log(`Node ${process.version}, ${cpu?.model ?? '?'}, ${availableParallelism()} cores`)
  const path = join(folder, 'input')
  for (const count of [2, 10, 20]) {
    await generate(path, words(count))
    await measure(`lines of ${count} words`, fileSource({ path, format: lines() }))
  }
  await generate(path, words(10, 'é '))
  await measure('lines of 10 words, not ASCII', fileSource({ path, format: lines() }))
  const Row = t.struct({ id: t.float64, name: t.string, price: t.float64 })
  const row = (random: SeededRandom) => ({ id: random.int(1e6), name: 'a mill', price: 1.5 })
  await generate(path, (random) => JSON.stringify(row(random)))
  await measure('jsonLines, 3 fields', fileSource({ path, format: jsonLines(Row) }))
  await generate(path, (random) => Object.values(row(random)).join(','))
  const format = csv(Row, { columns: ['id', 'name', 'price'] })
  await measure('csv, 3 fields', fileSource({ path, format }))
} finally {
  await rm(folder, { recursive: true })
}
