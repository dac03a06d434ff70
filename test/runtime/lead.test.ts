// Taking the lead while others do: what is restored is what the fence says, which is decided last.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendLink, fence, readChain } from '../../src/checkpoint/chain.ts'
import { silentLogger } from '../../src/metrics/log.ts'
import { embeddedHost } from '../../src/runtime/host-embedded.ts'
import type { Host } from '../../src/runtime/host.ts'
import { takeLead } from '../../src/runtime/lead.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { checkpointBody, SMALL_PLAN, tasksOf } from '../checkpoint/links.ts'

const identity = { jobName: 'test', writtenAt: 0 }

test('a checkpoint that a rival leaves behind before the fence is not restored', async () => {
  const store = new MemoryBlobStore()
  const { chain } = await fence(store, identity, () => ({ restores: 0, lineage: 'a' }))
  const tasks = tasksOf(SMALL_PLAN, 1, 1).map((task) => ({ ...task, runs: [] }))
  assert.notEqual(await appendLink(store, chain.head, checkpointBody(1, { tasks })), 'lost')
  let rivals = 1
  const at: Host['at'] = async (point) => {
    if (point !== 'before-fence' || rivals-- === 0) return
    await fence(store, identity, () => ({ restores: 0, lineage: 'rival' }))
  }
  const lead = await takeLead({
    host: { ...embeddedHost, at },
    store,
    vaults: undefined,
    erasures: { wanted: [], erased: () => undefined },
    plan: SMALL_PLAN,
    params: {},
    from: undefined,
    fresh: false,
    acceptDuplicates: false,
    claims: false,
    changes: { drop: [], renamed: {} },
    readsAll: false,
    leader: 'self',
    formerEpoch: 0,
    expectedHead: undefined,
    logger: silentLogger,
  })
  const newest = (await readChain(store)).entries.at(-1)?.link
  assert.ok(newest?.kind === 'fence')
  assert.equal(newest.restores, 0)
  assert.deepEqual([lead.restored, lead.restores, lead.sources], [undefined, [], []])
})
