// Full checkpoints: the part of a task refers only to what was written for it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Gate, turns } from './doubles.ts'
import { runNames, snapshotsOf, stateOf } from './held-snapshots.ts'

describe('the snapshots of a task', () => {
  it('refer to no older run in a full checkpoint, whatever changed', async () => {
    const { snapshots, held, write, store } = await snapshotsOf()
    held.set('a', 1)
    await write(1)
    snapshots.complete(1)
    held.set('b', 2)
    await write(2)
    snapshots.complete(2)
    // With changes, without any, and once more: each time anew.
    for (const checkpointId of [3, 4, 5]) {
      if (checkpointId === 3) held.set('a', undefined)
      const { runs } = await write(checkpointId, true)
      assert.equal(runs.length, 1)
      assert.match(runs[0]?.name ?? '', new RegExp(`^runs/2-${checkpointId}-`))
      assert.deepEqual((await stateOf(store, runs)).content(), new Map([['b', 2]]))
      snapshots.complete(checkpointId)
    }
    held.set('c', 3)
    const { runs } = await write(6)
    assert.equal(runs.length, 2, 'then increments follow')
    await snapshots.close()
  })

  it('go on merging after a full checkpoint, and leave no overtaken merge behind', async () => {
    const { snapshots, held, write, store } = await snapshotsOf()
    const slow = new Gate()
    let closing = 0
    store.beforeClose = async (name) => {
      if (name.includes('-m') && closing++ === 0) await slow.passed
    }
    let checkpointId = 0
    while (closing === 0) {
      held.set(`key ${++checkpointId}`, 1)
      await write(checkpointId)
      snapshots.complete(checkpointId)
      await turns(30)
    }
    await write(++checkpointId, true)
    snapshots.complete(checkpointId)
    slow.open()
    await turns(30)
    const merges = (await runNames(store)).filter((name) => name.includes('-m'))
    assert.equal(merges.length, 1, 'that of the full checkpoint')
    const before = closing
    for (let more = 0; more < 20; more++) {
      held.set(`key ${++checkpointId}`, 1)
      await write(checkpointId)
      snapshots.complete(checkpointId)
      await turns(30)
    }
    assert.ok(closing > before)
    await snapshots.close()
  })
})
