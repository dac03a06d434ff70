// Leaders that take over from one another, over one storage: the code of the chain itself, one
// request to the storage at a time, in every order. A leader may sleep between any two requests,
// and wake up when others lead; a put may fail, having written or not.
import assert from 'node:assert/strict'
import { type Chain, fence } from '../../src/checkpoint/chain.ts'
import { ChainKeeper } from '../../src/checkpoint/chain-keeper.ts'
import { deleteGivenUp, giveUp } from '../../src/checkpoint/give-up.ts'
import { linkName, sequenceOfLink } from '../../src/checkpoint/layout.ts'
import { MillraceError } from '../../src/errors.ts'
import { silentLogger } from '../../src/metrics/log.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { systemClock } from '../../src/util/clock.ts'
import { explore, type Explorable, type Explored } from '../explore/explorer.ts'
import { withSwitches } from '../explore/switches.ts'
import { type State, type ThreadCode, Threads } from '../explore/threads.ts'
import { Blobs, bytesOf, linkOf, textOf } from './fence-blobs.ts'
import { checkpointBody } from './links.ts'

export interface FenceModelOptions {
  readonly leaders: number
  /** That each wants to take, or the first, the second, ... of them. */
  readonly checkpoints: number | readonly number[]
  /** Puts that fail, at most. */
  readonly failures: number
  /** Old links are deleted after each checkpoint but this many. */
  readonly keep?: number
  /** Who are cancelled when they have taken theirs, and give their checkpoints up. */
  readonly cancels?: readonly number[]
  /** Whose requests come first, in this order. */
  readonly begins?: readonly number[]
  /** How often another one goes on than the one before, at most. */
  readonly switches?: number
  /** Planted: a put also replaces what is there. */
  readonly overwrites?: boolean
  /** Planted: who is cancelled deletes first, and puts its fence then. */
  readonly deletesFirst?: boolean
  /** Planted: what a new leader restores is chosen before it looks again. */
  readonly decidesOnce?: boolean
}

interface Locals {
  stage: 'fence' | 'lead' | 'give up' | 'delete' | 'over'
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
    let leader: string | undefined
    for (const [index, [link, hash]] of all.entries()) {
      assert.equal(link.sequence, index + 1, 'the chain is dense')
      assert.equal(link.previousHash, before, 'each link follows the one before it')
      if (link.kind === 'fence') {
        assert.equal(link.leaderEpoch, epoch + 1, 'each leader has an epoch of its own')
        if (link.givesUp !== undefined) {
          assert.equal(link.leader, leader, 'only who leads gives the checkpoints up')
          newest = 0
        }
        assert.equal(link.restores, newest, 'a new leader restores the newest checkpoint')
        leader = link.leader
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
    if (locals.stage === 'give up') return this.#giveUp(locals, index)
    if (locals.stage === 'delete') return this.#deleteGivenUp(locals)
    const keeper = this.#keeperOf(locals)
    if (locals.collects) {
      locals.collects = false
      await keeper.collect({ leaderEpoch: this.#epochOf(locals), checkpointId: 0 })
    } else await this.#append(locals, keeper, index)
    if (locals.taken === this.#checkpointsOf(index) && !locals.collects) {
      locals.stage = this.#options.cancels?.includes(index) === true ? 'give up' : 'over'
    }
    locals.chain = chainOf(keeper)
  }

  async #giveUp(locals: Locals, index: number): Promise<void> {
    const leaderEpoch = this.#epochOf(locals)
    const chain = locals.chain ?? assert.fail('not led')
    if (this.#options.deletesFirst === true) {
      for (const { link } of chain.entries) await this.#store.delete(linkName(link.sequence))
    }
    const facts = { jobName: 'job', leader: `leader${index}`, lineage: 'b', nowMs: 0 }
    // It is too late, or its put has failed.
    const given = await giveUp(this.#store, { ...facts, leaderEpoch }).catch(() => undefined)
    locals.chain = given ?? chain
    locals.stage = given === undefined ? 'over' : 'delete'
  }

  async #deleteGivenUp(locals: Locals): Promise<void> {
    const chain = locals.chain ?? assert.fail('not led')
    const deleting = deleteGivenUp(this.#store, chain, { nowMs: 0, standbys: [] })
    await deleting.catch(() => undefined)
    locals.stage = 'over'
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
