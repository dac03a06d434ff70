// The long check: each query on each backend at parallelism 1 and 2, in a process of its own that
// is ended with `kill -9` in the middle and started again; its rows must be those of the plain
// evaluation.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rocksdbIsAvailable } from 'millrace/rocksdb'
import type { GeneratorOptions } from './generator.ts'
import { plainEvaluation } from './plain/evaluate.ts'
import { gatherRows, sortedRows } from './rows.ts'
import { runChild } from './run-child.ts'
import { writeEvents } from './write-events.ts'

const backends = rocksdbIsAvailable() ? ['hashmap', 'rocksdb'] : ['hashmap']
const parallelisms = [1, 2]

export interface CheckOptions {
  readonly queries: readonly string[]
  /** A file of events; else so many are generated. */
  readonly input: string | undefined
  readonly events: number
  readonly options: GeneratorOptions
}

/** True if all rows are right. Says so for each query on standard output. */
export async function check(given: CheckOptions): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-nexmark-check-'))
  const input = given.input ?? join(folder, 'events.txt')
  if (given.input === undefined) await writeEvents(input, given.events, given.options)
  const text = await readFile(input, 'utf8')
  const events = text.split('\n').length - 1
  const evaluate = plainEvaluation(text)
  let wrong = 0
  for (const query of given.queries) {
    const rows = evaluate(query)
    const expected = sortedRows(rows)
    const said: string[] = []
    for (const backend of backends) {
      for (const parallelism of parallelisms) {
        const directory = join(folder, `${query}-${backend}-${parallelism}`)
        const job = { directory, query, input, events, backend, parallelism }
        const first = await runChild({ ...job, isKilled: true })
        const second = first.wasKilled ? await runChild({ ...job, isKilled: false }) : undefined
        const isRight = (await gatherRows(join(directory, query))) === expected
        const isResumed = second !== undefined && second.restoredFrom > 0
        if (!isRight || !isResumed) wrong++
        const end = second === undefined ? 'not killed' : `killed, from ${second.restoredFrom}`
        said.push(`${backend} ${parallelism}: ${isRight ? 'equal' : 'DIFFERENT'} (${end})`)
        // What is wrong stays, to be looked at.
        if (isRight) await rm(directory, { recursive: true, force: true })
      }
    }
    console.log(`${query.padEnd(4)} ${String(rows.length).padStart(7)} rows  ${said.join(', ')}`)
  }
  if (wrong === 0) await rm(folder, { recursive: true, force: true })
  const result = wrong === 0 ? 'all equal' : `${wrong} wrong; see ${folder}`
  console.log(`${given.queries.length} queries over ${events} events: ${result}`)
  return wrong === 0
}
