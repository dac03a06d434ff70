/** The file of events, which is written where it is missing and kept in the temporary folder. */
import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generatorDefaults } from '../../examples/nexmark/generator.ts'
import { writeEvents } from '../../examples/nexmark/write-events.ts'

/** The path of a file with so many events, in the order of their times. */
export async function eventFile(events: number): Promise<string> {
  const path = join(tmpdir(), `millrace-bench-nexmark-1-${events}.txt`)
  if (existsSync(path)) return path
  const unfinished = `${path}.${process.pid}`
  await writeEvents(unfinished, events, generatorDefaults)
  await rename(unfinished, path)
  return path
}
