// The simulated storage: what it promises, how it fails, and what it watches over.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createHash } from 'node:crypto'
import { isMillraceError } from '../../src/errors.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { FaultPlan } from '../../simulation/faults.ts'
import { Scheduler, Scope } from '../../simulation/scheduler.ts'
import { SimStorage } from '../../simulation/sim-store.ts'

function newWorld(seed = 1, healed = true) {
  const scheduler = new Scheduler({ eventsMax: 10_000 })
  const random = new SeededRandom(seed)
  const faults = new FaultPlan(random.fork('faults'))
  if (healed) faults.heal()
  const storage = new SimStorage({ scheduler, faults, random }, 'far')
  return { scheduler, faults, storage }
}

/** Drives the world until `work` has ended. */
async function during<T>(scheduler: Scheduler, work: Promise<T>): Promise<T> {
  let isDone = false
  const ended = work.finally(() => (isDone = true))
  ended.catch(() => undefined)
  await scheduler.drive(() => isDone)
  return ended
}

const bytes = (text: string) => new TextEncoder().encode(text)

async function write(store: BlobStore, name: string, text: string): Promise<void> {
  const writer = await store.create(name)
  await writer.write(bytes(text))
  await writer.close()
}

function link(sequence: number, previous: Uint8Array | undefined, fields: object): Uint8Array {
  const previousHash =
    previous === undefined ? '' : createHash('sha256').update(previous).digest('hex')
  const header = { sequence, previousHash, lineage: 'a', leaderEpoch: 1 }
  return bytes(`${JSON.stringify({ ...header, ...fields })}\ntrailer\n`)
}

const linkName = (sequence: number) => `chain/${String(sequence).padStart(12, '0')}.manifest`

describe('the simulated storage', () => {
  it('shows a blob to all who open the directory when its close has resolved', async () => {
    const { scheduler, storage } = newWorld()
    const store = storage.open('sim/dir', scheduler.world)
    await during(scheduler, write(store, 'runs/a', 'content'))
    const other = storage.open('sim/dir', new Scope('another'))
    const part = await during(scheduler, other.read('runs/a', 3, 4))
    assert.equal(new TextDecoder().decode(part), 'tent')
    assert.deepEqual(await during(scheduler, other.list('runs/')), [
      { name: 'runs/a', lengthBytes: 7 },
    ])
    assert.equal(await during(scheduler, other.putIfAbsent('runs/a', bytes('x'))), false)
    await assert.rejects(during(scheduler, write(other, 'runs/a', 'x')), /exists already/)
  })

  it('never answers a crashed process, and does what it asked for whole or not', async () => {
    const seen = new Set<number>()
    for (let seed = 1; seed <= 40; seed++) {
      const { scheduler, storage } = newWorld(seed, false)
      const process = new Scope('process')
      let answered = false
      const answer = () => (answered = true)
      storage.open('sim/dir', process).putIfAbsent('a', bytes('whole')).then(answer, answer)
      process.kill()
      let isLater = false
      scheduler.schedule(scheduler.world, 10_000, 'later', () => (isLater = true))
      await scheduler.drive(() => isLater)
      assert.equal(answered, false)
      seen.add(storage.directory('sim/dir').lengthOf('a') ?? 0)
    }
    assert.deepEqual(seen, new Set([0, 5]))
  })

  it('fails by plan with an error that a restart may cure, before or after', async () => {
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= 600; seed++) {
      const { scheduler, storage } = newWorld(seed, false)
      const store = storage.open('sim/dir', scheduler.world)
      const done = store.putIfAbsent('a', bytes('x')).then(
        () => 'done',
        (error: unknown) => (isMillraceError(error) && error.retryable ? 'failed' : 'wrong'),
      )
      const outcome = await during(scheduler, done)
      outcomes.add(`${outcome}, ${storage.directory('sim/dir').lengthOf('a') ?? 0} there`)
    }
    assert.deepEqual([...outcomes].toSorted(), [
      'done, 1 there',
      'failed, 0 there',
      'failed, 1 there',
    ])
  })

  it('finds a link that does not follow, or names a file that is not there', async () => {
    const fence = link(1, undefined, { kind: 'fence', restores: 0 })
    const runs = [{ runs: [{ name: 'runs/a', lengthBytes: 7 }] }]
    const wrong: readonly (readonly [Uint8Array, RegExp])[] = [
      [link(2, undefined, { kind: 'fence', restores: 0, leaderEpoch: 2 }), /wrong hash/],
      [link(2, fence, { kind: 'fence', restores: 0, leaderEpoch: 3 }), /epoch 3 after 1/],
      [link(2, fence, { kind: 'checkpoint', checkpointId: 1, lineage: 'b' }), /wrong lineage/],
      [link(2, fence, { kind: 'checkpoint', checkpointId: 1, tasks: runs }), /is not there/],
    ]
    for (const [second, said] of wrong) {
      const { scheduler, storage } = newWorld()
      const store = storage.open('sim/dir', scheduler.world)
      await during(scheduler, store.putIfAbsent(linkName(1), fence))
      await assert.rejects(during(scheduler, store.putIfAbsent(linkName(2), second)), said)
    }
  })

  it('finds the deletion of a file that a link needs', async () => {
    const { scheduler, storage } = newWorld()
    const store = storage.open('sim/dir', scheduler.world)
    const fence = link(1, undefined, { kind: 'fence', restores: 0 })
    const tasks = [{ runs: [{ name: 'runs/a', lengthBytes: 7 }] }]
    const checkpoint = link(2, fence, { kind: 'checkpoint', checkpointId: 1, tasks })
    await during(scheduler, write(store, 'runs/a', 'content'))
    await during(scheduler, store.putIfAbsent(linkName(1), fence))
    await during(scheduler, store.putIfAbsent(linkName(2), checkpoint))
    await assert.rejects(during(scheduler, store.delete('runs/a')), /needs it/)
  })
})
