/** A job that claims a snapshot becomes its owner: of its files, and of its pending output. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Job, job, run, t } from 'millrace'
import { dataGenerator, twoPhaseCommitSink } from 'millrace/connectors'
import { readChain } from '../../src/checkpoint/chain.ts'
import { pin } from '../../src/checkpoint/pins.ts'
import { LocalBlobStore } from '../../src/storage/local.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-claim-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Hands each number on to be committed; `committed` has them in the order of their commits. */
function numbers(name: string, committed: number[]): Job {
  const generator = dataGenerator({ generate: (i) => i, ratePerSecond: 2_000, type: t.int32 })
  const options = { checkpointing: { interval: '1 h' }, restart: { strategy: 'none' } } as const
  return job(name, options, (env) => {
    env.fromSource('numbers', generator).sinkTo(
      'out',
      twoPhaseCommitSink<number, readonly number[]>({
        createWriter() {
          const held: number[] = []
          return {
            write: (values) => void held.push(...values),
            prepareCommit: () => [held.splice(0)],
          }
        },
        createCommitter: () => ({
          commit: ({ committable }) => void committed.push(...committable),
          withdraw: () => undefined,
        }),
        canWithdraw: true,
      }),
    )
  })
}

/** A savepoint of a job that goes on, and is then ended at once. */
async function savepointOf(directory: string): Promise<string> {
  const at = join(directory, 'savepoint')
  await using handle = await run(numbers('first', []), { directory })
  await setTimeout(60)
  await handle.savepoint(at)
  await handle.cancel()
  return at
}

const isSeries = (values: readonly number[]) => values.every((value, at) => value === at)

test('its files are deleted when they are needed no more; the mark stays', async () => {
  const directory = join(folder, 'a')
  const from = await savepointOf(directory)
  const owner = numbers('owner', [])
  await using handle = await run(owner, { directory, from, claim: 'claim' })
  await handle.checkpoint()
  assert.equal(handle.status.importing, undefined)
  assert.deepEqual(readdirSync(join(from, 'chain')), [])
  assert.deepEqual(readdirSync(join(from, 'runs')), [])
  assert.ok(existsSync(join(from, 'claim.json')))
  await handle.stop()

  // As a supervisor does that starts the same command line again.
  await using again = await run(owner, { directory, from, claim: 'claim' })
  const { checkpointId } = await handle.finished
  assert.equal(again.status.restoredFrom, checkpointId)
  await again.cancel()
  for (const claim of ['claim', 'no-claim'] as const) {
    await assert.rejects(run(numbers('other', []), { directory, from, claim }), {
      code: 'SNAPSHOT_CLAIMED',
      message: /belongs to job owner/,
    })
  }
})

test('what was not committed yet is committed by the owner, not by a fork', async () => {
  const directory = join(folder, 'b')
  const from = await savepointOf(directory)
  const forked: number[] = []
  await using fork = await run(numbers('fork', forked), { directory, from })
  await setTimeout(40)
  await fork.stop()
  assert.ok(forked.length > 0 && forked[0] !== 0, 'a fork writes what comes after the savepoint')

  const owned: number[] = []
  await using owner = await run(numbers('owner', owned), { directory, from, claim: 'claim' })
  await setTimeout(60)
  await owner.stop()
  assert.ok(owned.length > 0 && isSeries(owned), 'an owner also writes what came before it')
  assert.ok((forked[0] ?? 0) > 0 && owned.includes(forked[0] ?? -1))
})

test('a job whose checkpoints were claimed does not start any more', async () => {
  const directory = join(folder, 'c')
  await using former = await run(numbers('former', []), { directory })
  await setTimeout(30)
  const from = former.checkpointLocation
  const claiming = { directory, from, claim: 'claim' } as const
  await former.checkpoint()
  await assert.rejects(run(numbers('owner', []), claiming), { code: 'JOB_OWNED' })
  assert.ok(!existsSync(join(from, 'claim.json')), 'what was refused has claimed nothing')
  await former.stop()

  const store = new LocalBlobStore(from)
  const { sequence } = (await readChain(store)).head
  const expiresAtMs = Date.now() + 60_000
  await pin(store, { sequence, expiresAtMs, holder: 'reader' })
  await assert.rejects(run(numbers('owner', []), claiming), { code: 'SNAPSHOT_IN_USE' })
  assert.ok(!existsSync(join(from, 'claim.json')))
  rmSync(join(from, 'pins'), { recursive: true })

  await using owner = await run(numbers('owner', []), claiming)
  await owner.checkpoint()
  await owner.cancel()
  await assert.rejects(run(numbers('former', []), { directory }), {
    code: 'SNAPSHOT_CLAIMED',
    message: /belongs to job owner/,
  })
})

test('a snapshot that does not fit is not claimed', async () => {
  const directory = join(folder, 'd')
  const from = await savepointOf(directory)
  const claiming = { directory, from, claim: 'claim', maxParallelism: 64 } as const
  await assert.rejects(run(numbers('owner', []), claiming), { code: 'CHECKPOINT_INCOMPATIBLE' })
  assert.ok(!existsSync(join(from, 'claim.json')))
})

test('who gave up all that it had claimed does not begin with nothing', async () => {
  const directory = join(folder, 'given-up')
  const from = await savepointOf(directory)
  const owner = numbers('owner', [])
  const options = {
    directory,
    from,
    claim: 'claim',
    checkpointing: { onCancel: 'delete' },
  } as const
  const handle = await run(owner, options)
  await handle.checkpoint()
  await handle.cancel()
  await assert.rejects(run(owner, options), {
    code: 'CHECKPOINT_NOT_FOUND',
    message: /there is no snapshot in .*: the job was cancelled and gave its checkpoints up/,
  })
  // Another job is told the same of the checkpoints of this one as of an empty folder.
  for (const place of [join(directory, 'owner', 'checkpoints'), join(directory, 'empty')]) {
    const other = run(numbers('other', []), { directory, from: place })
    await assert.rejects(other, {
      code: 'CHECKPOINT_NOT_FOUND',
      message: /there is no snapshot in/,
    })
  }
})
