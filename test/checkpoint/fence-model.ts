// Leaders that take over from one another, over one storage: the code of the chain itself, one
// request to the storage at a time, in every order. A leader may sleep between any two requests,
// and wake up when others lead; a put may fail, having written or not.
import assert from 'node:assert/strict'
import { type Chain, fence } from '../../src/checkpoint/chain.ts'
import { ChainKeeper } from '../../src/checkpoint/chain-keeper.ts'
import { sequenceOfLink } from '../../src/checkpoint/layout.ts'
import { decodeLink, hashOf } from '../../src/checkpoint/manifest-codec.ts'
import type { ManifestLink } from '../../src/checkpoint/manifest.ts'
import { MillraceError } from '../../src/errors.ts'
import { silentLogger } from '../../src/metrics/log.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { systemClock } from '../../src/util/clock.ts'
import { explore, type Explorable, type Explored } from '../explore/explorer.ts'
import { withSwitches } from '../explore/switches.ts'
import { type Shared, type State, type ThreadCode, Threads } from '../explore/threads.ts'
import { checkpointBody } from './links.ts'

export interface FenceModelOptions {
  readonly leaders: number
  /** That each wants to take, or the first, the second, ... of them. */
  readonly checkpoints: number | readonly number[]
  /** Puts that fail, at most. */
  readonly failures: number
  /** Old links are deleted after each checkpoint but this many. */
  readonly keep?: number
  /** Whose requests come first, in this order. */
  readonly begins?: readonly number[]
  /** How often another one goes on than the one before, at most. */
  readonly switches?: number
  /** Planted: a put also replaces what is there. */
  readonly overwrites?: boolean
  /** Planted: what a new leader restores is chosen before it looks again. */
  readonly decidesOnce?: boolean
}

/** What the storage holds, and every link that was ever there. */
class Blobs implements Shared {
  readonly held: Map<string, string>
  readonly links: Map<string, string>
  failures: number

  constructor(held: Map<string, string>, links: Map<string, string>, failures: number) {
    this.held = held
    this.links = links
    this.failures = failures
  }

  copy(): Blobs {
    return new Blobs(new Map(this.held), new Map(this.links), this.failures)
  }

  get key(): string {
    const held = [...this.held].map(([name, text]) => {
      return name + (sequenceOfLink(name) === undefined ? '' : linkOf(name, text)[1])
    })
    const links = [...this.links].map(([name, text]) => name + linkOf(name, text)[1])
    return `${held.toSorted().join()} ${links.toSorted().join()} ${this.failures}`
  }
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

const decoded = new Map<string, readonly [ManifestLink, string]>()

/** The link, and its hash. */
function linkOf(name: string, text: string): readonly [ManifestLink, string] {
  const known = decoded.get(text)
  if (known !== undefined) return known
  const link = [decodeLink(bytesOf(text), name), hashOf(bytesOf(text))] as const
  decoded.set(text, link)
  return link
}

interface Locals {
  stage: 'fence' | 'lead' | 'over'
  chain: Chain | null
  taken: number
  /** Sequences of its own links that were said to be there. */
  appended: number[]
  /** Checkpoints that surely failed. */
  failed: number[]
  collects: boolean
}

export class FenceModel {
  readonly threads: Threads<Blobs>
  readonly #options: FenceModelOptions
  readonly #store: BlobStore

  constructor(options: FenceModelOptions) {
    this.#options = options
    const codes = Array.from({ length: options.leaders }, (_, index): ThreadCode => {
      const name = `leader ${index}`
      return {
        name,
        isOver: (plain) => (plain as unknown as Locals).stage === 'over',
        run: (plain) => this.#run(plain as unknown as Locals, index), // as `start` made them
      }
    })
    this.threads = new Threads(codes)
    this.#store = this.#storeOf()
  }

  async start(): Promise<State<Blobs>> {
    const locals = Array.from({ length: this.#options.leaders }, (): Locals => {
      const nothing = { taken: 0, appended: [], failed: [], collects: false }
      return { stage: 'fence', chain: null, ...nothing }
    })
    const shared = new Blobs(new Map(), new Map(), this.#options.failures)
    return this.threads.start(shared, locals as unknown as Record<string, unknown>[])
  }

  /** What holds at every moment. */
  check({ shared, threads }: State<Blobs>): void {
    const all = [...shared.links].map(([name, text]) => linkOf(name, text))
    all.sort(([a], [b]) => a.sequence - b.sequence)
    let [epoch, newest, before] = [0, 0, '']
    for (const [index, [link, hash]] of all.entries()) {
      assert.equal(link.sequence, index + 1, 'the chain is dense')
      assert.equal(link.previousHash, before, 'each link follows the one before it')
      if (link.kind === 'fence') {
        assert.equal(link.leaderEpoch, epoch + 1, 'each leader has an epoch of its own')
        assert.equal(link.restores, newest, 'a new leader restores the newest checkpoint')
      } else {
        assert.equal(link.leaderEpoch, epoch, 'nobody appends after a newer fence')
        newest = link.sequence
      }
      epoch = link.leaderEpoch
      before = hash
    }
    const held = [...shared.held.keys()].flatMap((name) => sequenceOfLink(name) ?? [])
    assert.equal(all.length === 0 || held.includes(all.length), true, 'the newest link is there')
    for (const { locals } of threads) {
      const { appended, failed }: Locals = JSON.parse(locals)
      const ids = all.flatMap(([link]) => (link.kind === 'checkpoint' ? link.checkpointId : []))
      for (const id of appended) assert.ok(ids.includes(id), `checkpoint ${id} is not lost`)
      for (const id of failed) assert.ok(!ids.includes(id), `checkpoint ${id} has surely failed`)
    }
  }

  async #run(locals: Locals, index: number): Promise<void> {
    if (locals.stage === 'fence') return this.#fence(locals, index)
    const keeper = this.#keeperOf(locals)
    if (locals.collects) {
      locals.collects = false
      await keeper.collect({ leaderEpoch: this.#epochOf(locals), checkpointId: 0 })
    } else await this.#append(locals, keeper, index)
    if (locals.taken === this.#checkpointsOf(index) && !locals.collects) locals.stage = 'over'
    locals.chain = chainOf(keeper)
  }

  async #fence(locals: Locals, index: number): Promise<void> {
    let chosen: number | undefined
    const identity = { jobName: 'job', writtenAt: 0, leader: `leader${index}` }
    const taken = fence(this.#store, identity, ({ entries }) => {
      const newest = entries.findLast(({ link }) => link.kind === 'checkpoint')?.link.sequence ?? 0
      if (this.#options.decidesOnce === true) chosen ??= newest
      return { restores: chosen ?? newest, lineage: 'a' }
    })
    // A put that failed ends the start of this process.
    const lead = await taken.catch(() => undefined)
    locals.chain = lead?.chain ?? null
    locals.stage = lead === undefined || this.#checkpointsOf(index) === 0 ? 'over' : 'lead'
  }

  async #append(locals: Locals, keeper: ChainKeeper, index: number): Promise<void> {
    const leaderEpoch = this.#epochOf(locals)
    const checkpointId = 100 * (index + 1) + ++locals.taken
    const outcome = await keeper.append(checkpointBody(checkpointId, { leaderEpoch }))
    if (outcome.kind === 'appended') locals.appended.push(checkpointId)
    else if (outcome.kind === 'failed') locals.failed.push(checkpointId)
    else locals.taken = this.#checkpointsOf(index) // its attempt, or its process, ends
    locals.collects = outcome.kind === 'appended' && this.#options.keep !== undefined
  }

  #checkpointsOf(index: number): number {
    const { checkpoints } = this.#options
    return typeof checkpoints === 'number' ? checkpoints : (checkpoints[index] ?? 0)
  }

  #epochOf({ chain }: Locals): number {
    return chain?.head.leaderEpoch ?? assert.fail('not led')
  }

  #keeperOf({ chain }: Locals): ChainKeeper {
    return new ChainKeeper(
      { chain: chain ?? assert.fail('no chain'), keep: this.#options.keep ?? 9, unverified: false },
      {
        store: this.#store,
        clock: { ...systemClock, now: () => 0 },
        logger: silentLogger,
        reach: () => undefined,
      },
    )
  }

  #storeOf(): BlobStore {
    const ask = async (label: string, perform: (blobs: Blobs, how: number) => unknown, of = 1) => {
      return this.threads.asyncAccess({ label, outcomes: of, perform })
    }
    const missing = (name: string) => new MillraceError('STORAGE_NOT_FOUND', `${name} is missing`)
    const only = (): never => assert.fail('not used')
    const readText = async (name: string): Promise<string> => {
      const text = await ask(`read ${name}`, ({ held }) => held.get(name) ?? null)
      if (typeof text !== 'string') throw missing(name)
      return text
    }
    return {
      location: 'model:',
      create: only,
      linkFrom: only,
      read: async (name) => bytesOf(await readText(name)),
      stat: async (name) => ({ name, lengthBytes: (await readText(name)).length }),
      async list(prefix) {
        const names = await ask(`list ${prefix}`, ({ held }) => {
          const all = [...held].map(([name, { length: lengthBytes }]) => ({ name, lengthBytes }))
          return all.filter(({ name }) => name.startsWith(prefix))
        })
        return names as readonly { name: string; lengthBytes: number }[] // made just above
      },
      delete: async (name) => void (await ask(`delete ${name}`, ({ held }) => held.delete(name))),
      close: async () => undefined,
      putIfAbsent: async (name, bytes) => {
        const put = (blobs: Blobs, how: number): string =>
          this.#put(blobs, name, textOf(bytes), how)
        const how = this.#options.failures > 0 ? 3 : 1
        const answer = await ask(`put ${name}`, put, how)
        if (answer === 'failed') throw new MillraceError('STORAGE_FAILED', `${name}: no answer`)
        return answer === 'written'
      },
    }
  }

  /** 0: as it should be; 1: fails without a trace; 2: writes, and fails. */
  #put(blobs: Blobs, name: string, text: string, how: number): string {
    const fails = how > 0 && blobs.failures > 0
    if (fails) blobs.failures--
    if (fails && how === 1) return 'failed'
    const isFree = !blobs.held.has(name) || this.#options.overwrites === true
    if (isFree) {
      blobs.held.set(name, text)
      // A number that was taken, deleted and put again is no link: the one who put it is told so.
      const isNew = !blobs.links.has(name) || this.#options.overwrites === true
      if (isNew && sequenceOfLink(name) !== undefined) blobs.links.set(name, text)
    }
    if (fails) return 'failed'
    return isFree ? 'written' : 'taken'
  }
}

function chainOf(keeper: ChainKeeper): Chain {
  const entries = keeper.links.map((link) => ({ name: '', link, hash: '', lengthBytes: 0 }))
  return { entries, head: keeper.head, damage: [], givenUp: [] }
}

export async function exploreFence(options: FenceModelOptions): Promise<Explored> {
  const model = new FenceModel(options)
  const { threads } = model
  const system: Explorable<State<Blobs>> = {
    key: (state) => threads.key(state),
    next(state) {
      model.check(state)
      return threads.next(state)
    },
    end({ threads: ended }) {
      for (const { next } of ended) assert.equal(next, undefined, 'all have come to their end')
    },
  }
  let initial = await model.start()
  for (const index of options.begins ?? []) {
    const name = `leader ${index}:`
    const step = (await threads.next(initial)).find((each) => each.name.startsWith(name))
    initial = step?.state ?? assert.fail(`${name} has no step`)
  }
  if (options.switches === undefined) return explore(initial, system)
  const bounded = withSwitches(system, options.switches)
  return explore(bounded.start(initial), bounded.system)
}

export interface SizedFence extends FenceModelOptions {
  readonly name: string
  readonly isLong?: boolean
}

/** One has listed an empty chain, another leads and is about to append; both sleep for any time. */
const SLEEPERS = { leaders: 3, checkpoints: [1, 0, 1], failures: 0, keep: 1, begins: [1, 0, 0, 0] }

export const FENCE_SIZES: readonly SizedFence[] = [
  { name: 'two leaders, two checkpoints each', leaders: 2, checkpoints: 2, failures: 0 },
  { name: 'the same with a failing put', leaders: 2, checkpoints: 1, failures: 1 },
  { name: 'the same with old links deleted', leaders: 2, checkpoints: 2, failures: 0, keep: 1 },
  { name: 'two who sleep while a third deletes old links', ...SLEEPERS, switches: 2 },
  { name: 'the same in every order', ...SLEEPERS, isLong: true },
  { name: 'three leaders', leaders: 3, checkpoints: 1, failures: 0, isLong: true },
  { name: 'two failing puts', leaders: 2, checkpoints: 2, failures: 2, isLong: true },
]
