/** The job that tests of disks and damage disturb: it counts numbers by their last digit. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { jobModule, type Project } from './project.ts'

const KEYS = 10

interface Counting {
  readonly records: number
  readonly ratePerSecond: number
  /** As the job's options have it. */
  readonly checkpointing: string
}

/** The module of a job named `counting`, which writes to `out`. */
export function countingJob({ records, ratePerSecond, checkpointing }: Counting): string {
  const build = [
    'const ticks = dataGenerator({',
    '  generate: (index) => index,',
    `  count: ${records},`,
    `  ratePerSecond: ${ratePerSecond},`,
    '})',
    'env',
    "  .fromSource('ticks', ticks)",
    `  .keyBy((tick) => tick % ${KEYS})`,
    "  .count('counts')",
    "  .sinkTo('out', fileSink({ path: 'out', format: 'json-lines' }))",
  ]
  return jobModule('counting', build.join('\n'), `checkpointing: ${checkpointing}`)
}

/** The visible files hold each count of each key once, in order. */
export function assertExact({ path }: Project, records: number): void {
  const folder = join(path, 'out')
  const files = readdirSync(folder).filter((name) => !name.startsWith('.'))
  const counts = new Map<number, number>()
  let lines = 0
  for (const file of files.toSorted()) {
    for (const line of readFileSync(join(folder, file), 'utf8').trim().split('\n')) {
      // The sink writes its records like this.
      const { key, value } = JSON.parse(line) as { key: number; value: number }
      assert.equal(value, (counts.get(key) ?? 0) + 1, `${file}: key ${key}`)
      counts.set(key, value)
      lines++
    }
  }
  assert.equal(lines, records)
  assert.deepEqual(
    [...counts.values()],
    Array.from({ length: KEYS }, () => records / KEYS),
  )
}
