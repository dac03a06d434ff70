// The runs of one task from cut to manifest: one unsettled cut at a time, what an abort gives back,
// and merges that take effect only with the next manifest.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Gate, turns, until } from './doubles.ts'
import { runNames, snapshotsOf, stateOf } from './held-snapshots.ts'

describe('the snapshots of a task', () => {
  it('add one run per checkpoint that changed anything', async () => {
    const { snapshots, held, write, store } = await snapshotsOf()
    held.set('a', 1)
    const first = await write(1)
    snapshots.complete(1)
    const second = await write(2)
    snapshots.complete(2)
    held.set('b', 2)
    const third = await write(3)
    snapshots.complete(3)
    assert.deepEqual(
      [first, second, third].map(({ runs }) => runs.map(({ name }) => name)),
      [
        ['runs/2-1-v0-s0.run'],
        ['runs/2-1-v0-s0.run'],
        ['runs/2-1-v0-s0.run', 'runs/2-3-v0-s0.run'],
      ],
    )
    const restored = await stateOf(store, third.runs)
    assert.deepEqual(
      restored.content(),
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    )
  })

  it('are unsettled from a cut to its fate, and take no other cut meanwhile', async () => {
    const { snapshots, held, write } = await snapshotsOf()
    held.set('a', 1)
    assert.equal(snapshots.mayCut(), true)
    await write(1)
    assert.equal(snapshots.mayCut(), false)
    assert.equal(snapshots.mayCut(7), false, 'that is another checkpoint')
    assert.equal(snapshots.mayCut(1), true, 'one that was begun after it builds on it')
    snapshots.complete(7)
    await snapshots.abort(7)
    assert.equal(snapshots.mayCut(), false, 'that was another checkpoint')
    snapshots.complete(1)
    snapshots.complete(1)
    assert.equal(snapshots.mayCut(), true)
  })

  it('build on a checkpoint that is still under way', async () => {
    const { snapshots, held, write, store } = await snapshotsOf()
    const slow = new Gate()
    store.beforeClose = (name) => (name.includes('-1-') ? slow.passed : Promise.resolve())
    held.set('a', 1)
    const first = write(1)
    held.set('b', 2)
    const second = write(2)
    held.set('a', undefined)
    held.set('c', 3)
    const third = write(3)
    let isWritten = false
    void second.then(() => (isWritten = true))
    await turns(20)
    assert.equal(isWritten, false, 'one after the other')
    slow.open()
    assert.equal((await first).runs.length, 1)
    assert.equal((await second).runs.length, 2)
    const { runs } = await third
    snapshots.complete(1)
    const expected = new Map([
      ['b', 2],
      ['c', 3],
    ])
    assert.deepEqual((await stateOf(store, runs)).content(), expected)
    // The second fails, and with it the third: the next holds the changes of both.
    await Promise.all([snapshots.abort(2), snapshots.abort(3)])
    assert.deepEqual(await runNames(store), ['runs/2-1-v0-s0.run'])
    const next = await write(4)
    assert.equal(next.runs.length, 2)
    assert.deepEqual((await stateOf(store, next.runs)).content(), expected)
  })

  it('give the changes of an aborted checkpoint to the next one, and delete its run', async () => {
    const { snapshots, held, write, store } = await snapshotsOf()
    held.set('a', 1)
    await write(1)
    assert.deepEqual(await runNames(store), ['runs/2-1-v0-s0.run'])
    held.set('b', 2)
    await snapshots.abort(1)
    assert.deepEqual(await runNames(store), [])
    const { runs } = await write(2)
    const restored = await stateOf(store, runs)
    assert.deepEqual(
      restored.content(),
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    )
  })

  it('wait with an abort until nobody reads the cut any more', async () => {
    const { snapshots, held, write, store } = await snapshotsOf()
    held.set('a', 1)
    const slow = new Gate()
    store.beforeClose = () => slow.passed
    const writing = write(1)
    let aborted = false
    const aborting = snapshots.abort(1).then(() => (aborted = true))
    await turns(10)
    assert.deepEqual([aborted, !snapshots.mayCut()], [false, true])
    slow.open()
    await Promise.all([aborting, writing])
    assert.deepEqual([!snapshots.mayCut(), await runNames(store)], [false, []])
  })

  it('survive a run that cannot be written, or not be deleted', async () => {
    const { snapshots, held, write, store, host } = await snapshotsOf()
    held.set('a', 1)
    store.beforeClose = () => Promise.reject(new Error('no space'))
    await assert.rejects(write(1), /no space/)
    await snapshots.abort(1)
    store.beforeClose = () => Promise.resolve()
    await write(2)
    store.beforeDelete = () => Promise.reject(new Error('no rights'))
    await snapshots.abort(2)
    assert.deepEqual(
      host.reported.map(({ event }) => event),
      ['run-not-deleted'],
    )
    const { runs } = await write(3)
    assert.deepEqual((await stateOf(store, runs)).content(), new Map([['a', 1]]))
  })

  it('decline together with the records that could not be made safe', async () => {
    const { snapshots, held, write } = await snapshotsOf()
    held.set('a', 1)
    const failed = Promise.reject(new Error('sink is gone'))
    await assert.rejects(snapshots.write(1, held.backend.cut(), failed), /sink is gone/)
    await snapshots.abort(1)
    assert.equal((await write(2)).runs.length, 1)
  })

  it('merge runs in the background, and name the result first in the next manifest', async () => {
    const { snapshots, held, write, store } = await snapshotsOf()
    const named: (readonly string[])[] = []
    for (let checkpointId = 1; checkpointId <= 40; checkpointId++) {
      held.set(`key ${checkpointId % 5}`, checkpointId)
      if (checkpointId % 7 === 0) held.set('key 1', undefined)
      const { runs } = await write(checkpointId)
      const expected = held.content()
      assert.deepEqual((await stateOf(store, runs)).content(), expected, `at ${checkpointId}`)
      named.push(runs.map(({ name }) => name))
      if (checkpointId % 3 === 0) {
        await snapshots.abort(checkpointId)
      } else snapshots.complete(checkpointId)
      await turns(30)
    }
    assert.ok(
      named.every((names) => names.length < 20),
      'the list stays short',
    )
    assert.ok(
      named.at(-1)?.some((name) => name.includes('-m')),
      'there were merges',
    )
    const last = named.at(-1) ?? []
    for (const name of last) assert.ok((await runNames(store)).includes(name))
    await snapshots.close()
  })

  it('go on with the runs that were restored', async () => {
    const first = await snapshotsOf()
    first.held.set('a', 1)
    const { runs } = await first.write(1)
    first.snapshots.complete(1)
    const next = await snapshotsOf(runs, first.store)
    next.held.set('a', undefined)
    next.held.set('b', 2)
    const after = await next.write(5)
    assert.equal(after.runs.length, 2)
    assert.deepEqual((await stateOf(next.store, after.runs)).content(), new Map([['b', 2]]))
  })

  it('end what is being written when their worker ends', async () => {
    const { snapshots, held, abort, store } = await snapshotsOf()
    for (let at = 0; at < 20_000; at++) held.set(`key ${at}`, at)
    const never = new Gate<[]>()
    const writing = snapshots.write(1, held.backend.cut(), never.passed)
    abort.abort()
    let closed = false
    const closing = snapshots.close().then(() => (closed = true))
    await turns(5)
    assert.equal(closed, false, 'its sinks are closed first, and reject')
    never.fail(new Error('closed'))
    await assert.rejects(writing, /closed/)
    await closing
    assert.deepEqual(await runNames(store), [])
    await until(() => closed)
  })
})
