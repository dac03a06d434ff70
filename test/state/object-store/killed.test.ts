// Much leaves memory after a checkpoint, and the process is killed: what was checkpointed is exact,
// under this backend and under another, and what the process has left on the store goes.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Entry, StateBackend } from '../../../src/state/backend.ts'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { objectStore } from '../../../src/state/object-store/index.ts'
import { LocalScratch } from '../../../src/storage/scratch-local.ts'
import { ALL_GROUPS, restored, World } from '../../../src/testing/conformance/backend-world.ts'
import { type asText, change, expectRounds, ofText, ROUNDS } from './counting.ts'
import { newPlace } from './open.ts'

interface Left {
  readonly folder: string
  readonly runs: readonly (readonly Entry[])[]
  readonly evictions: number
}

async function killed(): Promise<Left> {
  const folder = newPlace()
  mkdirSync(folder)
  const program = join(import.meta.dirname, 'killed.ts')
  const child = spawn(process.execPath, ['--conditions=millrace-source', program, folder], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [, signal] = await once(child, 'exit')
  assert.equal(signal, 'SIGKILL')
  const { runs, evictions } = JSON.parse(readFileSync(join(folder, 'runs'), 'utf8')) as {
    readonly runs: readonly ReturnType<typeof asText>[]
    readonly evictions: number
  }
  return { folder, runs: runs.map(ofText), evictions }
}

/** Opens as the next leader does. */
async function openOn(left: Left, backend: StateBackend, runs: Left['runs']): Promise<World> {
  const attempt = { jobName: 'killed', storage: join(left.folder, 'checkpoints'), leaderEpoch: 2 }
  const suite = {
    test: () => undefined,
    name: 'next',
    choose: () => backend,
    context: () => ({ scratch: new LocalScratch(newPlace()), attempt }),
    evicts: true,
  }
  return await World.open(suite, { restore: runs, memoryBytes: 8 << 10 })
}

describe('state in an object store, of a process that was killed,', () => {
  it('is that of any checkpoint or savepoint, under every backend', async () => {
    const left = await killed()
    assert.ok(left.evictions > 100, `${left.evictions} rows have left memory`)
    const [first = [], last = []] = left.runs
    const savepoint: Entry[] = []
    for await (const { key, value } of restored([first, last], ALL_GROUPS)) {
      savepoint.push({ key: Uint8Array.from(key), value: Uint8Array.from(value) })
    }
    const snapshots = [
      { rounds: ROUNDS[1], runs: [first, last] },
      { rounds: ROUNDS[0], runs: [first] },
      { rounds: ROUNDS[1], runs: [savepoint] },
    ]
    for (const { rounds, runs } of snapshots) {
      const expected = await openOn(left, hashmap(), [])
      for (let round = 1; round <= rounds; round++) change(expected, round)
      for (const backend of [hashmap(), objectStore({ writeBufferSize: '4 KB' })]) {
        const world = await openOn(left, backend, runs)
        expectRounds(world, rounds, expected)
        // And it goes on from there.
        change(world, rounds + 1)
        await world.checkpoint()
        change(world, rounds + 2)
        for (const more of [1, 2]) change(expected, rounds + more)
        expectRounds(world, rounds + 2, expected)
        await world.close()
        await expected.backend.rollback(restored(runs, ALL_GROUPS))
      }
      await expected.close()
    }
  })

  it('is deleted by the next start, and nothing else is', async () => {
    const left = await killed()
    const spill = join(left.folder, 'checkpoints', 'spill')
    const epochs = (): readonly string[] => readdirSync(spill, { recursive: true }).map(String)
    const isSegment = (name: string): boolean => /^0{11}1\/\w+\/\d+$/.test(name)
    assert.ok(epochs().some(isSegment), 'the killed process has left nothing')
    mkdirSync(join(spill, 'other'), { recursive: true })
    for (const name of ['other/1', '000000000002/b/1', '000000000003/c/1']) {
      await put(spill, name)
    }
    const world = await openOn(left, objectStore(), [])
    while (epochs().some(isSegment)) await sleep(20)
    await world.close()
    const rest = epochs().filter((name) => /\/\d$/.test(name))
    assert.deepEqual(rest.toSorted(), ['000000000002/b/1', '000000000003/c/1', 'other/1'])
  })
})

async function put(folder: string, name: string): Promise<void> {
  const { LocalBlobStore } = await import('../../../src/storage/local.ts')
  const store = new LocalBlobStore(folder, {})
  await store.putIfAbsent(name, Buffer.from('x'))
  await store.close()
}
