// `npm run nexmark`: runs one query over a file of events, or checks all of them; see arguments.ts.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMillraceError, run } from 'millrace'
import { type Arguments, readArguments, usage, UsageError } from './arguments.ts'
import { check } from './check.ts'
import { generatorDefaults } from './generator.ts'
import { gatherRows } from './rows.ts'
import { writeEvents } from './write-events.ts'

async function runQuery(given: Arguments): Promise<void> {
  const { queries, input, output = '', events, rate, seed, parallelism, backend } = given
  const [query = ''] = queries
  const directory = await mkdtemp(join(tmpdir(), 'millrace-nexmark-'))
  const from = input === undefined ? { events, rate, seed } : { input }
  try {
    await using handle = await run(new URL('./job.ts', import.meta.url), {
      params: { query, output: directory, ...from },
      directory,
      parallelism,
      backend,
    })
    await handle.finished
    const rows = await gatherRows(join(directory, query))
    await writeFile(output, rows)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function main(given: Arguments): Promise<void> {
  const { help, write, events, rate, seed } = given
  const options = { ...generatorDefaults, eventsPerSecond: rate, seed }
  if (help) process.stdout.write(usage)
  else if (write !== undefined) await writeEvents(write, events, options)
  else if (!given.check) await runQuery(given)
  else if (!(await check({ ...given, options }))) process.exitCode = 1
}

try {
  await main(readArguments(process.argv.slice(2)))
} catch (error) {
  if (isMillraceError(error)) console.error(error.explanation)
  else if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`)
  else throw error
  process.exitCode = 1
}
