// A checkpoint that the job left behind, as it went back to an older one, is asked for after all.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendLink, fence, headAt, readChain } from '../../src/checkpoint/chain.ts'
import { chooseCheckpoint } from '../../src/checkpoint/damage.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { checkpointBody, node, plan } from './links.ts'

/** It cannot take back what it wrote. */
const sink = node(5, 'out', { kind: 'sink', states: [], guarantee: 'exactly-once' })

test('a checkpoint that was left behind needs consent, too, if output came after it', async () => {
  const store = new MemoryBlobStore()
  const lead = async (restores: number, ids: readonly number[]) => {
    const identity = { jobName: 'test', writtenAt: 0 }
    let { head } = (await fence(store, identity, () => ({ restores, lineage: 'a' }))).chain
    for (const id of ids) {
      const { leaderEpoch } = head
      const jobPlan = plan(1, [[node(0, 'count'), sink]])
      const body = checkpointBody(id, { plan: jobPlan, tasks: [], leaderEpoch })
      const entry = await appendLink(store, head, body)
      assert.ok(entry !== 'lost')
      head = headAt(entry)
    }
  }
  await lead(0, [1, 2])
  await lead(2, [3])
  const chain = await readChain(store)
  const asked = { checkpointId: 2 }
  await assert.rejects(chooseCheckpoint(store, chain, asked), { code: 'OUTPUT_MAY_REPEAT' })
  const chosen = await chooseCheckpoint(store, chain, { ...asked, acceptDuplicates: true })
  assert.equal(chosen?.checkpointId, 2)
})
