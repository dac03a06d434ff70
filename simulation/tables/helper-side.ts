/**
 * The other end of simulated remote stores: the production server of rows, over the production
 * tables, over simulated servers. It lives in a thread of its own, because who reads state blocks
 * its own; but time is virtual, and passes only while somebody waits for an answer.
 */
import { RemoteServer } from '../../src/state/remote/remote-server.ts'
import { SeededRandom } from '../../src/util/random.ts'
import type { ServerFault } from '../fault-kinds.ts'
import { Scheduler } from '../scheduler.ts'
import type { Call, Opening, Reply, ServerChances } from './helper-messages.ts'
import type { ServerFaults } from './line.ts'
import { Servers } from './servers.ts'

const EVENTS_MAX = 2_000_000

/** Faults as whoever calls was told of them. */
class ToldFaults implements ServerFaults {
  isHealed = false
  readonly struck: ServerFault[] = []
  readonly #chances: ServerChances
  readonly #random: SeededRandom

  constructor(chances: ServerChances, random: SeededRandom) {
    this.#chances = chances
    this.#random = random
  }

  strikes(kind: ServerFault): boolean {
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

  constructor(opening: Opening, servers: Servers) {
    const { seed, chances } = opening
    this.#faults = new ToldFaults(chances, new SeededRandom(seed, 1))
    const random = new SeededRandom(seed)
    const end = { scheduler: this.#scheduler, random, faults: this.#faults }
    this.#server = new RemoteServer(servers.opener(opening, end), (answer) =>
      this.#answers.push(answer),
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

class TableWorld {
  readonly #servers = new Servers()
  readonly #stores = new Map<number, StoreEnd>()

  async call(call: Call): Promise<Reply> {
    const { store, opening } = call
    if (opening !== undefined) this.#stores.set(store, new StoreEnd(opening, this.#servers))
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
