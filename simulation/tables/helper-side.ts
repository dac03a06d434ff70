/**
 * The other end of simulated remote stores: the production server of rows, over the production
 * table of Cassandra, over simulated nodes. It lives in a thread of its own, because who reads
 * state blocks its own; but time is virtual, and passes only while somebody waits for an answer.
 */
import { RemoteServer } from '../../src/state/remote/remote-server.ts'
import { openCassandraTable } from '../../src/state/cassandra/table.ts'
import { parseCassandraPlace } from '../../src/storage/cassandra/place.ts'
import { SeededRandom } from '../../src/util/random.ts'
import type { TableFault } from '../fault-kinds.ts'
import { Scheduler } from '../scheduler.ts'
import { SimClock } from '../sim-clock.ts'
import { Cluster, SimConnection, type TableFaults } from './connection.ts'
import type { Call, Opening, Reply, TableChances } from './helper-messages.ts'
import { StateTables } from './state-tables.ts'

const EVENTS_MAX = 2_000_000

/** Faults as whoever calls was told of them. */
class ToldFaults implements TableFaults {
  isHealed = false
  readonly struck: TableFault[] = []
  readonly #chances: TableChances
  readonly #random: SeededRandom

  constructor(chances: TableChances, random: SeededRandom) {
    this.#chances = chances
    this.#random = random
  }

  strikes(kind: TableFault): boolean {
    const chance = this.#chances[kind]
    if (this.isHealed || chance === 0 || this.#random.next() >= chance) return false
    this.struck.push(kind)
    return true
  }
}

/** The helper thread of one store, as it were. */
class StoreEnd {
  readonly #scheduler = new Scheduler({ eventsMax: EVENTS_MAX })
  readonly #faults: ToldFaults
  readonly #server: RemoteServer
  #answers: Uint8Array[] = []

  constructor({ options, scope, seed, chances }: Opening, cluster: Cluster) {
    const scheduler = this.#scheduler
    const random = new SeededRandom(seed)
    this.#faults = new ToldFaults(chances, new SeededRandom(seed, 1))
    // As `cassandra()` gives them.
    const place = parseCassandraPlace((options as { readonly url: string }).url)
    const { timeoutMs, retryForMs } = place
    const of = { scheduler, scope: scheduler.world, cluster, timeoutMs, retryForMs }
    const connection = new SimConnection({ ...of, random, faults: this.#faults })
    const clock = new SimClock(scheduler, scheduler.world, random.fork('clock'))
    const world = { clock, random: random.fork('retries'), connection }
    this.#server = new RemoteServer(
      () => openCassandraTable(place, scope, world),
      (answer) => this.#answers.push(answer),
    )
  }

  async call({ requests, nowMs, waitMs, isHealed }: Call): Promise<Reply> {
    this.#faults.isHealed = isHealed
    for (const { bytes, atMs } of requests) {
      await this.#passTo(atMs)
      this.#server.take(bytes)
    }
    await this.#passTo(nowMs)
    if (waitMs > 0) await this.#passTo(nowMs + waitMs, () => this.#answers.length > 0)
    const { nowMs: now, traceHash: hash } = this.#scheduler
    return {
      answers: this.#answers.splice(0),
      nowMs: now,
      struck: this.#faults.struck.splice(0),
      hash,
    }
  }

  end(): void {
    this.#scheduler.end()
  }

  async #passTo(atMs: number, isEnough: () => boolean = () => false): Promise<void> {
    let isThere = false
    const event = this.#scheduler.scheduleAt(this.#scheduler.world, atMs, 'now', () => {
      isThere = true
    })
    await this.#scheduler.drive(() => isThere || isEnough())
    this.#scheduler.cancel(event)
  }
}

/** One world: the nodes outlive whoever has asked them. */
class TableWorld {
  readonly #cluster = new Cluster(new StateTables())
  readonly #stores = new Map<number, StoreEnd>()

  async call(call: Call): Promise<Reply> {
    const { store, opening } = call
    if (opening !== undefined) this.#stores.set(store, new StoreEnd(opening, this.#cluster))
    const end = this.#stores.get(store)
    if (end === undefined) throw new Error('a call of a store that was not opened')
    return await end.call(call)
  }

  end(): void {
    for (const store of this.#stores.values()) store.end()
  }
}

export class TableWorlds {
  readonly #worlds = new Map<number, TableWorld>()

  async call(call: Call): Promise<Reply> {
    const world = this.#worlds.get(call.world) ?? new TableWorld()
    this.#worlds.set(call.world, world)
    try {
      return await world.call(call)
    } catch (error) {
      const violation = error instanceof Error ? (error.stack ?? error.message) : String(error)
      return { answers: [], nowMs: call.nowMs, struck: [], hash: '', violation }
    }
  }

  end(world: number): void {
    this.#worlds.get(world)?.end()
    this.#worlds.delete(world)
  }
}
