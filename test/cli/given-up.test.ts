// What the commands say of a job that was cancelled and gave its checkpoints up.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { appendLink, readChain } from '../../src/checkpoint/chain.ts'
import { giveUp } from '../../src/checkpoint/give-up.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { checkpointBody } from '../checkpoint/links.ts'
import { perform, temporaryFolder } from './cli.ts'

const folder = temporaryFolder()
after(() => folder.remove())
const cli = (...args: string[]) => perform(folder.path, args)
const storage = join(folder.path, '.millrace', 'words', 'checkpoints')

test('a job that gave its checkpoints up is told as that, and cleaned up', async () => {
  const store = await openBlobStore(storage)
  for (const id of [1, 2, 3]) {
    await store.putIfAbsent(`runs/1-${id}-v0-s0.run`, new Uint8Array(100))
    await appendLink(store, (await readChain(store)).head, checkpointBody(id))
  }
  const end = { jobName: 'words', leader: 'a', leaderEpoch: 1, lineage: 'b', nowMs: 0 }
  await giveUp(store, end)
  await store.close()
  const why = /the job was cancelled and gave its checkpoints up/
  const listed = await cli('checkpoint', 'ls', 'words')
  assert.deepEqual([listed.code, listed.out.split('\n').length], [0, 2])
  assert.match(listed.err, why)
  const json = await cli('checkpoint', 'ls', 'words', '--json')
  const { checkpoints, damage, givenUpAt } = JSON.parse(json.out) as Record<string, unknown>
  assert.deepEqual([checkpoints, damage, givenUpAt], [[], [], 0])
  const verified = await cli('checkpoint', 'verify', 'words')
  assert.match(verified.out, /^0 checkpoints.*sound/)
  assert.match(verified.err, why)
  for (const args of [
    ['checkpoint', 'show', 'words'],
    ['state', 'ls', 'words'],
  ] as const) {
    const { code, err } = await cli(...args)
    assert.equal(code, 3)
    assert.match(err, why)
  }
  const back = await cli('rollback', 'words', '2')
  assert.equal(back.code, 3)
  assert.match(back.err, why)
  assert.match((await cli('doctor')).out, /^ok +checkpoints of words +none: the job was/m)
  const swept = await cli('checkpoint', 'gc', 'words')
  assert.match(swept.out, /0001\.manifest .*the job was cancelled/)
  assert.match(swept.out, /^6 files,.* deleted$/m)
  const left = readdirSync(storage, { recursive: true }).map(String)
  assert.deepEqual(
    left.filter((name) => /\.(manifest|run)$/.test(name)),
    [join('chain', '000000000004.manifest')],
  )
})
