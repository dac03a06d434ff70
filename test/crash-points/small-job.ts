/**
 * The least that can be called a job: two subtasks with a few keys, checkpoints written by the real
 * run writers, chain and collections, restored by the real choice. What a checkpoint holds follows
 * from the checkpoints it grew from, so that any mixture of two is seen.
 */
import assert from 'node:assert/strict'
import { type Chain, fence, readChain } from '../../src/checkpoint/chain.ts'
import { ChainKeeper } from '../../src/checkpoint/chain-keeper.ts'
import { chooseCheckpoint, readRun } from '../../src/checkpoint/damage.ts'
import { runName } from '../../src/checkpoint/layout.ts'
import type { CheckpointLink, TaskRecord } from '../../src/checkpoint/manifest.ts'
import { silentLogger } from '../../src/metrics/log.ts'
import { restoreStream } from '../../src/state/runs/run-set.ts'
import { RunWriter } from '../../src/state/runs/run-writer.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { systemClock } from '../../src/util/clock.ts'
import { checkpointBody, node, plan } from '../checkpoint/links.ts'
import { liveValue, METADATA, rowKey } from '../state/runs/entries.ts'

const PLAN = plan(2, [[node(0, 'count')]])
const RANGES = [
  { start: 0, end: 63 },
  { start: 64, end: 127 },
] as const
/** From that many on a subtask writes all it has as one run, and the others go. */
const RUNS_MAX = 3

type Keys = ReadonlyMap<number, string>

export class SmallJob {
  readonly #store: BlobStore
  readonly #keeper: ChainKeeper
  #tasks: readonly TaskRecord[]
  #keys: readonly Keys[]

  private constructor(
    store: BlobStore,
    keeper: ChainKeeper,
    tasks: readonly TaskRecord[],
    keys: readonly Keys[],
  ) {
    this.#store = store
    this.#keeper = keeper
    this.#tasks = tasks
    this.#keys = keys
  }

  /** Takes the lead and restores the newest sound checkpoint, or the one that is named. */
  static async lead(store: BlobStore, keep: number, checkpointId?: number): Promise<SmallJob> {
    await store.cleanTemporary?.()
    let restored: CheckpointLink | undefined
    const { chain } = await fence(store, { jobName: 'small', writtenAt: 0 }, async (seen) => {
      restored = await choose(store, seen, checkpointId)
      return { restores: restored?.sequence ?? 0, lineage: restored?.lineage ?? 'a' }
    })
    const world = { store, clock: systemClock, logger: silentLogger, reach: () => undefined }
    const keeper = new ChainKeeper({ chain, keep, unverified: false }, world)
    const tasks = restored?.tasks ?? []
    return new SmallJob(store, keeper, tasks, await keysOf(store, tasks))
  }

  get links() {
    return this.#keeper.links
  }

  /** Changes a key per subtask, and takes a checkpoint of it. */
  async checkpoint(id: number): Promise<'appended' | 'lost' | 'failed' | 'doubtful'> {
    const { leaderEpoch } = this.#keeper.head
    const keys = RANGES.map((_, index) => new Map(this.#keys[index]).set(id % 4, `${id}`))
    const tasks = await Promise.all(RANGES.map((_, index) => this.#write(id, index, keys)))
    const changes = { plan: PLAN, tasks, leaderEpoch, parallelism: 2 }
    const { kind } = await this.#keeper.append(checkpointBody(id, changes))
    if (kind !== 'appended') return kind
    this.#tasks = tasks
    this.#keys = keys
    return kind
  }

  /** As after each checkpoint that is complete. */
  async collect(id: number): Promise<void> {
    await this.#keeper.collect({ leaderEpoch: this.#keeper.head.leaderEpoch, checkpointId: id + 1 })
  }

  async #write(id: number, subtaskIndex: number, keys: readonly Keys[]): Promise<TaskRecord> {
    const { leaderEpoch } = this.#keeper.head
    const keyGroups = RANGES[subtaskIndex] ?? RANGES[0]
    const former = this.#tasks[subtaskIndex]?.runs ?? []
    const isFull = former.length >= RUNS_MAX
    const name = runName({ leaderEpoch, checkpointId: id, vertex: 0, subtaskIndex })
    const metadata = { ...METADATA, checkpointId: id, leaderEpoch, keyGroups }
    const writer = await RunWriter.create(this.#store, name, metadata)
    const all = [...(keys[subtaskIndex] ?? [])].toSorted(([a], [b]) => a - b)
    for (const [key, value] of all.filter(([key]) => isFull || key === id % 4)) {
      writer.add({ key: rowKey(keyGroups.start, key), value: liveValue(value) })
    }
    const run: RunReference = { ...(await writer.close()), keyGroups }
    const runs = isFull ? [run] : [...former, run]
    return { vertex: 0, subtaskIndex, runs, keyGroups }
  }
}

async function choose(
  store: BlobStore,
  chain: Chain,
  checkpointId?: number,
): Promise<CheckpointLink | undefined> {
  return chooseCheckpoint(store, chain, {
    acceptDuplicates: true,
    verifyRun: readRun,
    onDamage: (problem) => assert.fail(`damage by a crash: ${problem}`),
    ...(checkpointId === undefined ? {} : { checkpointId }),
  })
}

async function keysOf(store: BlobStore, tasks: readonly TaskRecord[]): Promise<readonly Keys[]> {
  return Promise.all(
    RANGES.map(async (range, index) => {
      const keys = new Map<number, string>()
      const runs = tasks[index]?.runs ?? []
      for await (const batch of restoreStream(store, runs, range).batches()) {
        for (const { value } of batch) {
          const text = Buffer.from(value).toString('latin1').slice(4)
          keys.set(Number(text) % 4, text)
        }
      }
      return keys
    }),
  )
}

/** What a restore from a directory gives: the checkpoint and all its keys; `nothing` if none. */
export async function restoredFrom(store: BlobStore): Promise<string> {
  const chain = await readChain(store)
  assert.deepEqual(chain.damage, [], 'a crash damages no link')
  const link = await choose(store, chain)
  if (link === undefined) return 'nothing'
  const keys = await keysOf(store, link.tasks)
  return described(link.checkpointId, keys)
}

/** What it must give after these checkpoints, each grown from the one before. */
export function after(...ids: readonly number[]): string {
  const id = ids.at(-1)
  if (id === undefined) return 'nothing'
  const keys = new Map(ids.map((each) => [each % 4, `${each}`]))
  return described(id, [keys, keys])
}

function described(checkpointId: number, keys: readonly Keys[]): string {
  const texts = keys.map((each) => [...each.values()].toSorted().join(' '))
  return `checkpoint ${checkpointId}: ${texts.join(' | ')}`
}
