// Folders, options and results of whole jobs.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { JobHandle, RunOptions } from 'millrace'
import { until } from '../doubles.ts'

export interface Place {
  readonly directory: string
  readonly output: string
  readonly marker: string
  /** Options that every run of this place has. */
  readonly options: RunOptions
}

/** A folder of its own for one test. */
export function placeFor(context: TestContext): Place {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-run-'))
  context.after(() => rmSync(directory, { recursive: true, force: true }))
  return {
    directory,
    output: join(directory, 'output'),
    marker: join(directory, 'marker'),
    options: {
      directory: join(directory, 'jobs'),
      backend: 'hashmap',
      checkpointing: { interval: 50 },
      restart: { delay: 1 },
    },
  }
}

export const countingJob = new URL('./counting-job.ts', import.meta.url)

/** The lines that are visible in the output of a file sink. */
export function linesOf(output: string): string[] {
  if (!existsSync(output)) return []
  return readdirSync(output, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/^[._]|\/[._]/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .flatMap((text) => text.split('\n').filter((line) => line !== ''))
}

/** Each key has had each count from 1 on, once: nothing was lost, nothing counted twice. */
export function assertCounted(output: string, records: number, keys: number): void {
  const lines = linesOf(output)
  const expected = Array.from({ length: records }, (_, index) => {
    return `${index % keys} ${Math.floor(index / keys) + 1}`
  })
  assert.equal(lines.length, records)
  assert.deepEqual(lines.toSorted(), expected.toSorted())
}

export async function untilCheckpoints(handle: JobHandle, count: number): Promise<void> {
  await until(() => handle.status.checkpoints.completed >= count, `${count} checkpoints`)
}
