// Leaders that take over a vault from one another and erase subjects: the code itself, one request
// to the storage at a time, in every order. A leader may sleep between any two, and die at a put.
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { numberOfVault } from '../../src/checkpoint/layout.ts'
import { putNextVault, readVault } from '../../src/checkpoint/vaults.ts'
import { decodeVault, type KeptVault } from '../../src/encryption/subjects/vault-codec.ts'
import { Vault } from '../../src/encryption/subjects/vault.ts'
import { isMillraceError, MillraceError } from '../../src/errors.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { seededEntropy, subject } from '../encryption/subjects/world.ts'
import { explore, type Explorable, type Explored } from '../explore/explorer.ts'
import { withSwitches } from '../explore/switches.ts'
import { type Shared, type State, type ThreadCode, Threads } from '../explore/threads.ts'

export interface VaultModelOptions {
  readonly leaders: number
  /** How often another one goes on than the one before, at most. */
  readonly switches: number
  /** Leaders that die when they have put something, before they know of it; at most. */
  readonly deaths: number
  /** Planted: who has put a vault does not look whether it came late. */
  readonly looksNot?: boolean
  /** Planted: older vaults stay. */
  readonly deletesNot?: boolean
  /** Planted: a new leader does not put the vault that it finds once more. */
  readonly leadsNot?: boolean
}

type Outcome = 'erased' | 'lost' | 'dead'

interface Locals {
  stage: 'asleep' | 'erase' | 'over'
  outcome: Outcome | null
}

/** Names and what is there, as digests: bytes are looked up by them. */
class Blobs implements Shared {
  readonly held: Map<string, string>
  deaths: number

  constructor(held: Map<string, string>, deaths: number) {
    this.held = held
    this.deaths = deaths
  }

  copy(): Blobs {
    return new Blobs(new Map(this.held), this.deaths)
  }

  get key(): string {
    return `${[...this.held]
      .map((each) => each.join())
      .toSorted()
      .join()} ${this.deaths}`
  }
}

const bytesOf = new Map<string, Uint8Array>()

function digestOf(bytes: Uint8Array): string {
  const digest = hash('sha256', bytes, 'hex')
  bytesOf.set(digest, bytes)
  return digest
}

const decoded = new Map<string, KeptVault>()

function keptOf(digest: string): KeptVault {
  const known = decoded.get(digest) ?? decodeVault(bytesOf.get(digest) ?? assert.fail(), digest)
  decoded.set(digest, known)
  return known
}

const whole = Vault.create(seededEntropy(1))
/** What each leader has erased; whole trees are worked out once. */
const erasures = new Map<string, Vault>()

function erase(vault: Vault, index: number): Vault {
  const tag = whole.tagOf(subject(index))
  if (!vault.has(tag)) return vault
  const erased = [0, 1, 2].map((each) => (vault.has(whole.tagOf(subject(each))) ? '0' : '1'))
  const key = `${erased.join('')} ${index}`
  const known = erasures.get(key) ?? vault.erase(subject(index))
  erasures.set(key, known)
  return known
}

const isErased = ({ vault }: KeptVault, index: number): boolean => {
  return !vault.has(whole.tagOf(subject(index)))
}

class VaultModel {
  readonly threads: Threads<Blobs>
  readonly #options: VaultModelOptions
  readonly #store: ModelStore

  constructor(options: VaultModelOptions) {
    this.#options = options
    const codes = Array.from({ length: options.leaders }, (_, index): ThreadCode => {
      return {
        name: `leader ${index}`,
        isOver: (plain) => (plain as unknown as Locals).stage === 'over',
        run: (plain) => this.#run(plain as unknown as Locals, index), // as `start` made them
      }
    })
    this.threads = new Threads(codes)
    this.#store = storeOf(this.threads, options)
  }

  start(): Promise<State<Blobs>> {
    const locals = Array.from({ length: this.#options.leaders }, (): Locals => {
      return { stage: 'asleep', outcome: null }
    })
    const plain = locals as unknown as Record<string, unknown>[]
    return this.threads.start(new Blobs(new Map(), this.#options.deaths), plain)
  }

  /** What holds at every moment. */
  check({ shared, threads }: State<Blobs>): void {
    const vaults = [...shared.held].map(([name, digest]) => [numberOfVault(name) ?? 0, digest])
    const newest = vaults.toSorted(([a], [b]) => Number(a) - Number(b)).at(-1)?.[1]
    for (const [index, { locals }] of threads.entries()) {
      const { stage, outcome }: Locals = JSON.parse(locals)
      if (stage === 'asleep') continue
      assert.ok(typeof newest === 'string', 'there is a vault once somebody has led')
      const kept = keptOf(newest)
      if (outcome === null) {
        assert.ok(kept.leaderEpoch >= index + 1, 'nobody puts a vault over that of a later leader')
      }
      if (outcome === 'erased') assert.ok(isErased(kept, index), `${index} stays erased`)
    }
  }

  /** What holds at the end: unless somebody died, one vault is left. */
  end({ shared, threads }: State<Blobs>): void {
    const all = threads.map(({ locals }): Locals => JSON.parse(locals))
    for (const { stage } of all) assert.equal(stage, 'over', 'all have come to their end')
    const hasDead = all.some(({ outcome }) => outcome === 'dead')
    if (!hasDead) assert.equal(shared.held.size, 1, 'one vault is left')
    assert.ok(hasDead || all.at(-1)?.outcome === 'erased', 'the last leader can erase')
  }

  async #run(locals: Locals, index: number): Promise<void> {
    const leaderEpoch = index + 1
    const isFirst = locals.stage === 'asleep'
    this.#store.lastPut = undefined
    const isSucceeded = async (): Promise<boolean> => true
    const next = (found: Vault | undefined): Vault => {
      return isFirst ? (found ?? whole) : erase(found ?? whole, index)
    }
    try {
      const isThere = isFirst && this.#options.leadsNot === true && (await readVault(this.#store))
      if (!isThere) await putNextVault(this.#store, { leaderEpoch, next, isSucceeded })
      locals.stage = isFirst ? 'erase' : 'over'
      locals.outcome = isFirst ? null : 'erased'
    } catch (error) {
      if (!isMillraceError(error)) throw error
      locals.stage = 'over'
      locals.outcome = error.code === 'LEADERSHIP_LOST' ? 'lost' : 'dead'
    }
  }
}

interface ModelStore extends BlobStore {
  /** Of the operation that runs. */
  lastPut: string | undefined
}

function storeOf(threads: Threads<Blobs>, options: VaultModelOptions): ModelStore {
  const ask = (label: string, perform: (blobs: Blobs, how: number) => unknown, of = 1) => {
    return threads.asyncAccess({ label, outcomes: of, perform })
  }
  const only = (): never => assert.fail('not used')
  const store: ModelStore = {
    lastPut: undefined,
    location: 'model:',
    create: only,
    stat: only,
    async read(name) {
      const digest = await ask(`read ${name}`, ({ held }) => held.get(name) ?? null)
      if (typeof digest !== 'string') throw new MillraceError('STORAGE_NOT_FOUND', name)
      return bytesOf.get(digest) ?? assert.fail()
    },
    async list() {
      const all = await ask('list', ({ held }) => [...held.keys()].toSorted())
      const names = all as readonly string[] // made just above
      const last = options.looksNot === true ? store.lastPut : undefined
      const seen = names.filter((name) => last === undefined || name <= last)
      return seen.map((name) => ({ name, lengthBytes: 0 }))
    },
    async delete(name) {
      await ask(`delete ${name}`, ({ held }) => options.deletesNot === true || held.delete(name))
    },
    async putIfAbsent(name, bytes) {
      const digest = digestOf(bytes)
      const put = (blobs: Blobs, how: number): string => {
        if (how === 1 && blobs.deaths === 0) how = 0
        const isFree = !blobs.held.has(name)
        if (isFree) blobs.held.set(name, digest)
        if (how === 1) blobs.deaths--
        return how === 1 ? 'dead' : isFree ? 'put' : 'taken'
      }
      const answer = await ask(`put ${name}`, put, options.deaths > 0 ? 2 : 1)
      if (answer === 'dead') throw new MillraceError('STORAGE_FAILED', 'it is dead')
      store.lastPut = answer === 'put' ? name : undefined
      return answer === 'put'
    },
    close: async () => undefined,
  }
  return store
}

export async function exploreVaults(options: VaultModelOptions): Promise<Explored> {
  const model = new VaultModel(options)
  const { threads } = model
  const system: Explorable<State<Blobs>> = {
    key: (state) => threads.key(state),
    next(state) {
      model.check(state)
      return threads.next(state)
    },
    end: (state) => model.end(state),
  }
  const bounded = withSwitches(system, options.switches)
  return explore(bounded.start(await model.start()), bounded.system)
}
