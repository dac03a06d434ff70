/**
 * What is done to a disk while the power may go at any moment, and what a restore may give then.
 */
import assert from 'node:assert/strict'
import { readChain } from '../../src/checkpoint/chain.ts'
import { deleteGivenUp, giveUp } from '../../src/checkpoint/give-up.ts'
import { writeSavepoint } from '../../src/checkpoint/savepoint.ts'
import { sweep } from '../../src/checkpoint/sweep.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { LocalBlobStore } from '../../src/storage/local.ts'
import { type Random, SeededRandom } from '../../src/util/random.ts'
import { CrashDisk, type CrashDiskOptions, placeOf } from './crash-disk.ts'
import { after, restoredFrom, SmallJob } from './small-job.ts'

export interface Scenario {
  /** Its log is what happened while the power could go. */
  readonly disk: CrashDisk
  /** What a restore may give, oldest first, each with what is promised when it is there. */
  readonly states: readonly State[]
  /** A further directory that is not there or has this. */
  readonly savepoint?: { readonly location: string; readonly promise: string; readonly has: string }
  /** Of a subject: what can be read before and after it, and what can of a disk. */
  readonly erasure?: {
    readonly promise: string
    readonly before: string
    readonly after: string
    found(image: CrashDisk['image']): Promise<string>
  }
}

export interface State {
  readonly has: string
  /** Once this was promised, no older state will do. */
  readonly promise?: string
}

export const JOB = 'jobs/small/checkpoints'
const SAVEPOINT = 'savepoints/one'
const NOW_MS = 1_750_000_000_000

export function storeOn(
  disk: CrashDisk,
  location = JOB,
  turn?: () => Promise<void>,
  seed = 1,
): LocalBlobStore {
  const random = new SeededRandom(seed)
  return new LocalBlobStore(placeOf(location), { files: disk.operations(turn), random }, location)
}

/** A disk on which these checkpoints were taken and nothing is undecided. */
async function diskWith(ids: readonly number[], keep: number): Promise<CrashDisk> {
  const disk = new CrashDisk()
  const job = await SmallJob.lead(storeOn(disk), keep)
  for (const id of ids) {
    assert.equal(await job.checkpoint(id), 'appended')
    await job.collect(id)
  }
  return disk
}

const settled = (disk: CrashDisk) => new CrashDisk(disk.image)

async function firstCheckpoint(): Promise<Scenario> {
  const disk = new CrashDisk()
  const job = await SmallJob.lead(storeOn(disk), 1)
  await job.checkpoint(1)
  disk.promise('1')
  return { disk, states: [{ has: after() }, { has: after(1), promise: '1' }] }
}

/** The fifth checkpoint rewrites everything, so that links and runs go. */
async function checkpointWithCollection(
  _random: Random,
  options: CrashDiskOptions = {},
): Promise<Scenario> {
  const disk = new CrashDisk((await diskWith([1, 2, 3], 1)).image, options)
  const job = await SmallJob.lead(storeOn(disk), 1)
  for (const id of [4, 5]) {
    await job.checkpoint(id)
    disk.promise(`${id}`)
    await job.collect(id)
  }
  return {
    disk,
    states: [
      { has: after(1, 2, 3) },
      { has: after(1, 2, 3, 4), promise: '4' },
      { has: after(1, 2, 3, 4, 5), promise: '5' },
    ],
  }
}

async function savepoint(): Promise<Scenario> {
  const disk = settled(await diskWith([1, 2], 2))
  const job = storeOn(disk)
  const link = (await readChain(job)).entries.at(-1)?.link
  assert.ok(link?.kind === 'checkpoint')
  await writeSavepoint(job, link, storeOn(disk, SAVEPOINT))
  disk.promise('saved')
  const has = after(1, 2)
  return { disk, states: [{ has }], savepoint: { location: SAVEPOINT, promise: 'saved', has } }
}

/** What dead leaders left is swept; the newest leader's attempt under way is not touched. */
async function collection(): Promise<Scenario> {
  const before = await diskWith([1, 2, 3, 4, 5], 2)
  for (const id of [6, 7]) {
    const job = await SmallJob.lead(storeOn(before), 9)
    for (const subtask of [0, 1, 2, 3, 4, 5]) {
      const name = `runs/${id - 5}-${id}-v7-s${subtask}.run`
      await storeOn(before).putIfAbsent(name, new Uint8Array(100))
    }
    await job.checkpoint(id)
  }
  const disk = settled(before)
  const { findings } = await sweep(storeOn(disk), { nowMs: NOW_MS, isDryRun: false })
  assert.ok(findings.some(({ verdict }) => verdict === 'delete'))
  return { disk, states: [{ has: after(1, 2, 3, 4, 5, 6, 7) }] }
}

async function rollback(): Promise<Scenario> {
  const disk = settled(await diskWith([1, 2, 3], 3))
  const job = await SmallJob.lead(storeOn(disk), 3, 2)
  disk.promise('back')
  await job.checkpoint(4)
  disk.promise('4')
  await job.collect(4)
  return {
    disk,
    states: [
      { has: after(1, 2, 3) },
      { has: after(1, 2), promise: 'back' },
      { has: after(1, 2, 4), promise: '4' },
    ],
  }
}

/** The job is cancelled and gives its checkpoints up: they are there, or nothing is. */
async function cancelled(): Promise<Scenario> {
  const disk = settled(await diskWith([1, 2, 3], 3))
  await cancel(storeOn(disk), 1, disk)
  return { disk, states: [{ has: after(1, 2, 3) }, { has: after(), promise: 'given up' }] }
}

async function cancel(store: BlobStore, leaderEpoch: number, disk: CrashDisk): Promise<void> {
  const end = { jobName: 'small', leader: 'a', leaderEpoch, lineage: 'b', nowMs: NOW_MS }
  const chain = await giveUp(store, end)
  disk.promise('given up')
  await deleteGivenUp(store, chain, { nowMs: NOW_MS, standbys: [] })
}

/** The same against a start, in an order that `random` chooses. */
async function cancelledInBetween(random: Random): Promise<Scenario> {
  const disk = settled(await diskWith([1, 2], 2))
  const turns = new Turns(random)
  const [old, successor] = [1, 2].map((seed) => storeOn(disk, JOB, () => turns.next(), seed))
  assert.ok(old !== undefined && successor !== undefined)
  const late = async (): Promise<void> => {
    for (let left = random.int(40); left > 0; left--) await turns.next()
    await cancel(old, 1, disk)
  }
  const working = Promise.all([
    // It may be too late; or the successor cleans away what it is writing.
    late().catch(() => undefined),
    SmallJob.lead(successor, 2).then(async (job) => {
      assert.equal(await job.checkpoint(3), 'appended')
      disk.promise('3')
      await job.collect(3)
    }),
  ])
  await turns.run(working)
  const has = await restoredFrom(storeOn(disk))
  assert.ok(has === after(3) || has === after(1, 2, 3), has)
  const last = { has, promise: '3' }
  const nothing = { has: after(), promise: 'given up' }
  return { disk, states: [{ has: after(1, 2) }, ...(has === after(3) ? [nothing] : []), last] }
}

/** A new leader's fence against the old leader's put, in an order that `random` chooses. */
async function takeover(random: Random): Promise<Scenario> {
  const disk = settled(await diskWith([1, 2], 2))
  const old = { turns: new Turns(random), store: undefined as BlobStore | undefined }
  old.store = storeOn(disk, JOB, () => old.turns.next())
  // The old leader leads already: nobody else moves until its fence is there.
  old.turns.isOpen = true
  const former = await SmallJob.lead(old.store, 2)
  old.turns.isOpen = false
  const successor = storeOn(disk, JOB, () => old.turns.next(), 2)
  const outcome = { put: 'nothing', took: false }
  const working = Promise.all([
    // The successor cleans temporary files away; the old leader then fails to write, as it may.
    former.checkpoint(3).then(
      (kind) => {
        outcome.put = kind
        if (kind === 'appended') disk.promise('3')
      },
      () => (outcome.put = 'failed'),
    ),
    SmallJob.lead(successor, 2).then(() => {
      outcome.took = true
      disk.promise('led')
    }),
  ])
  await old.turns.run(working)
  assert.ok(outcome.took, 'a new leader always gets the lead')
  const [before, put] = [{ has: after(1, 2) }, { has: after(1, 2, 3), promise: '3' }]
  return { disk, states: outcome.put === 'lost' ? [before] : [before, put] }
}

/** A process is killed while it takes a checkpoint; the next one goes on from what it sees. */
async function killed(random: Random): Promise<Scenario> {
  const begins = random.int(2) === 0 ? [] : [1]
  // With nothing before it, the folders are made under fire, too.
  const disk = begins.length === 0 ? new CrashDisk() : settled(await diskWith(begins, 1))
  let left = random.int(40)
  const turn = async () => {
    if (left-- <= 0) await new Promise(() => undefined)
  }
  void SmallJob.lead(storeOn(disk, JOB, turn), 1).then((job) => job.checkpoint(2))
  await new Promise((resolve) => setTimeout(resolve, 5))
  const seen = (await readChain(storeOn(disk))).entries.some(
    ({ link }) => link.kind === 'checkpoint' && link.checkpointId === 2,
  )
  const job = await SmallJob.lead(storeOn(disk, JOB, undefined, 3), 1)
  if (seen) disk.promise('2')
  const middle = { has: after(...begins, 2), promise: '2' }
  await job.checkpoint(3)
  disk.promise('3')
  await job.collect(3)
  const grown = seen ? [...begins, 2, 3] : [...begins, 3]
  return {
    disk,
    states: [
      { has: after(...begins) },
      ...(seen ? [middle] : []),
      { has: after(...grown), promise: '3' },
    ],
  }
}

/** Lets one of those who wait for their turn go on at a time. */
class Turns {
  isOpen = false
  readonly #random: Random
  readonly #waiting: (() => void)[] = []

  constructor(random: Random) {
    this.#random = random
  }

  async next(): Promise<void> {
    if (!this.isOpen) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  async run(work: Promise<unknown>): Promise<void> {
    let isDone = false
    void work.finally(() => (isDone = true)).catch(() => undefined)
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve))
      const [chosen] = this.#waiting.splice(this.#random.int(Math.max(1, this.#waiting.length)), 1)
      chosen?.()
    }
    await work
  }
}

export const TWO_CHECKPOINTS = 'two checkpoints with their collections'

/** Those that are the same each time, and those of which there are many. */
export type Play = (random: Random, options?: CrashDiskOptions) => Promise<Scenario>

export const SCENARIOS: Readonly<Record<string, Play>> = {
  'the first checkpoint': firstCheckpoint,
  [TWO_CHECKPOINTS]: checkpointWithCollection,
  'a savepoint': savepoint,
  'a gc beside the job': collection,
  'a rollback': rollback,
  'a cancel that gives the checkpoints up': cancelled,
}

export const SCENARIOS_BY_CHANCE: typeof SCENARIOS = {
  'a takeover': takeover,
  'a cancel against a start': cancelledInBetween,
  'a killed process and its successor': killed,
}
