// gc in a loop beside a job that runs: in a process of its own, it takes checkpoints as fast as it
// can, and is killed and started again. What gc deletes is never missed.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { readChain } from '../../src/checkpoint/chain.ts'
import { runName } from '../../src/checkpoint/layout.ts'
import { sweep } from '../../src/checkpoint/sweep.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { verifyCheckpoints } from '../../src/cli/verify.ts'
import { assertExact, countingJob } from './counting.ts'
import { project } from './project.ts'

const RECORDS = 4_000
const KILLS = 2

const counting = countingJob({
  records: RECORDS,
  ratePerSecond: 2_000,
  checkpointing: "{ interval: '10 ms', keep: 1 }",
})

it('deletes what dead runs left, and nothing that is missed', { timeout: 99_000 }, async (test) => {
  const place = project(test)
  place.write('job.ts', counting)
  const location = join(place.path, '.millrace/counting/checkpoints')
  const store = await openBlobStore(location)
  const figures = { sweeps: 0, deleted: 0, kept: 0, links: 0 }
  let isOver = false
  /** gc as fast as it can; each time dead runs of the job have left something for it to find. */
  const collecting = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      const { leaderEpoch, sequence } = (await readChain(store)).head
      figures.links = sequence
      if (leaderEpoch === 0) continue
      if (leaderEpoch > 1) {
        const checkpointId = 900_000 + figures.sweeps
        const dead = { leaderEpoch: leaderEpoch - 1, checkpointId, vertex: 0, subtaskIndex: 0 }
        writeFileSync(join(location, runName(dead)), 'an aborted attempt')
      }
      const { findings } = await sweep(store, { nowMs: Date.now(), isDryRun: false })
      const deleted = findings.filter(({ verdict }) => verdict === 'delete')
      figures.sweeps++
      figures.deleted += deleted.length
      figures.kept += findings.length - deleted.length
    }
  })()
  for (let start = 0; ; start++) {
    const { child, ended } = place.start('run', 'job.ts')
    const begunAt = figures.links
    let hasEnded = false
    void ended.then(() => (hasEnded = true))
    while (!hasEnded && start < KILLS) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (figures.links > begunAt + 8) child.kill('SIGKILL')
    }
    const { code, err } = await ended
    if (child.signalCode === 'SIGKILL') continue
    assert.equal(code, 0, err)
    break
  }
  isOver = true
  await collecting
  assertExact(place, RECORDS)
  const { entries, damage } = await readChain(store)
  const links = entries.flatMap(({ link }) => (link.kind === 'checkpoint' ? [link] : []))
  assert.deepEqual((await verifyCheckpoints(store, links, damage)).damage, [])
  await store.close()
  assert.ok(figures.sweeps > 20 && figures.deleted > 0, JSON.stringify(figures))
})
