// gc in a loop beside a job that runs: in a process of its own, it takes checkpoints as fast as it
// can, and is killed and started again. What gc deletes is never missed.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { readChain } from '../../src/checkpoint/chain.ts'
import { runName } from '../../src/checkpoint/layout.ts'
import { sweep } from '../../src/checkpoint/sweep.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { verifyCheckpoints } from '../../src/cli/verify.ts'
import { jobModule, project, type Project } from './project.ts'

const RECORDS = 4_000
const KEYS = 10

const counting = jobModule(
  'counting',
  [
    'const ticks = dataGenerator({',
    '  generate: (index) => index,',
    `  count: ${RECORDS},`,
    '  ratePerSecond: 2000,',
    '})',
    'env',
    "  .fromSource('ticks', ticks)",
    `  .keyBy((tick) => tick % ${KEYS})`,
    "  .count('counts')",
    "  .sinkTo('out', fileSink({ path: 'out', format: 'json-lines' }))",
  ].join('\n'),
  "checkpointing: { interval: '10 ms', keep: 1 }",
)

function assertExact({ path }: Project): void {
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
  assert.equal(lines, RECORDS)
}

it('deletes what dead runs of the job left, and nothing that is missed later', async (test) => {
  const place = project(test)
  place.write('job.ts', counting)
  const location = join(place.path, '.millrace/counting/checkpoints')
  const store = await openBlobStore(location)
  const figures = { sweeps: 0, deleted: 0, kept: 0 }
  let isOver = false
  /** gc as fast as it can, with something left over by each dead run for it to find. */
  const collecting = (async () => {
    let sown = 0
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      const { head } = await readChain(store)
      if (head.sequence === 0) continue
      for (; sown < head.leaderEpoch - 1; sown++) {
        const of = { leaderEpoch: sown + 1, checkpointId: 900_000 + sown, vertex: 0 }
        writeFileSync(join(location, runName({ ...of, subtaskIndex: 0 })), 'an aborted attempt')
      }
      const { findings } = await sweep(store, { nowMs: Date.now(), isDryRun: false })
      const deleted = findings.filter(({ verdict }) => verdict === 'delete')
      figures.sweeps++
      figures.deleted += deleted.length
      figures.kept += findings.length - deleted.length
    }
  })()
  const deadline = Date.now() + 60_000
  for (let start = 0; ; start++) {
    assert.ok(Date.now() < deadline, `the job finishes; ${start} starts`)
    const { child, ended } = place.start('run', 'job.ts')
    const killed = start < 2 && setTimeout(() => child.kill('SIGKILL'), 1_200)
    const { code, err } = await ended
    if (killed !== false) clearTimeout(killed)
    if (child.signalCode === 'SIGKILL') continue
    assert.equal(code, 0, err)
    break
  }
  isOver = true
  await collecting
  assertExact(place)
  const { entries, damage } = await readChain(store)
  const links = entries.flatMap(({ link }) => (link.kind === 'checkpoint' ? [link] : []))
  assert.deepEqual((await verifyCheckpoints(store, links, damage)).damage, [])
  await store.close()
  assert.ok(figures.sweeps > 20 && figures.deleted > 0, JSON.stringify(figures))
})
