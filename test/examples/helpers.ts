// What the tests of the examples share: a folder of their own, a job run to its end, and the lines
// of its visible output.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { type JobStatus, run, type RunOptions } from 'millrace'
import { rocksdbIsAvailable } from 'millrace/rocksdb'

/** The backends of this platform. */
export const backends: readonly ('hashmap' | 'rocksdb')[] = rocksdbIsAvailable()
  ? ['hashmap', 'rocksdb']
  : ['hashmap']

/** A new folder, deleted after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-example-'))
  after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The module of an example's job. */
export function jobOf(example: string): URL {
  return new URL(`../../examples/${example}/job.ts`, import.meta.url)
}

/** Runs the job of an example to its end; gives its last status. */
export async function finish(example: string, options: RunOptions): Promise<JobStatus> {
  await using handle = await run(jobOf(example), options)
  await handle.finished
  return handle.status
}

/** The lines of all visible files of a sink, in the order of the files' names. */
export async function linesOf(folder: string): Promise<readonly string[]> {
  const lines: string[] = []
  for (const name of (await readdir(folder)).toSorted()) {
    if (name.startsWith('.')) continue
    const text = await readFile(join(folder, name), 'utf8')
    lines.push(...text.split('\n').slice(0, -1))
  }
  return lines
}

/** Those lines read as JSON; `T` is what the job of the test writes. */
export async function recordsOf<T>(folder: string): Promise<readonly T[]> {
  return (await linesOf(folder)).map((line) => JSON.parse(line) as T)
}
