/**
 * Reads checkpoints of a job whose subjects are erased, one after the other, and holds each against
 * the input: state of nobody's that was asked to be erased is exactly what the records so far make
 * of it; of an erased subject nothing is left in what was there, and what came after it began where
 * the next leader went on.
 */
import { RememberedKeys } from '../../src/encryption/subjects/remembered-keys.ts'
import type { Vault } from '../../src/encryption/subjects/vault.ts'
import type { KnownLink } from '../checks/chain.ts'
import type { FaultPlan } from '../faults.ts'
import { Violation } from '../scheduler.ts'
import { CANARY, digestOf, SUBJECTS } from '../workloads/shredded.ts'
import type { Workload } from '../workloads/workload.ts'
import { contentOf, type KeyContent, type ShreddedContent, toldBy } from './shredded-content.ts'

/** Somebody waits for it. */
export interface Asked {
  readonly location: string
  readonly subject: number
  /** Of the key that it had when it was asked for. */
  readonly tag: Uint8Array | undefined
  /** Savepoints that were there then. */
  readonly savepoints: ReadonlySet<string>
}

export interface Acknowledged extends Asked {
  /** Leaders of this storage up to this one knew of the subject. */
  readonly lastEpoch: number
}

export interface ToRead {
  readonly location: string
  readonly link: KnownLink
  /** Of its storage; empty for a savepoint. */
  readonly history: readonly KnownLink[]
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly vault: Vault
  readonly acknowledged: readonly Acknowledged[]
  /** How often somebody asked for this subject, by its number. */
  readonly asked: readonly number[]
}

export class ErasedReading {
  readonly #faults: FaultPlan
  /** What comes of each key, in order. */
  readonly #input: ReadonlyMap<number, readonly number[]>
  /** By hashes of links: how many records of each key they had seen. */
  readonly #seen = new Map<string, ReadonlyMap<number, number>>()
  /** What was read already, with this vault and these erasures. */
  readonly #done = new Set<string>()
  #last: Promise<void> = Promise.resolve()
  #violation: Violation | undefined

  constructor({ nodes, sources }: Workload, faults: FaultPlan) {
    this.#faults = faults
    const node = nodes.find(({ kind }) => kind === 'shredded')
    const from = node?.kind === 'shredded' ? nodes[node.input] : undefined
    const splits = from?.kind === 'source' ? (sources[from.source]?.splits ?? []) : []
    const records = splits.flatMap((split) => split.records)
    const groups = Map.groupBy(records, ({ k }) => k)
    this.#input = new Map([...groups].map(([k, all]) => [k, all.map(({ v }) => v)]))
  }

  violated(message: string): void {
    this.#violation ??= new Violation(`erased: ${message}`)
  }

  /** To be read when all before it has been. */
  add(toRead: ToRead): void {
    const { location, link, acknowledged, asked } = toRead
    const id = [location, link.hash, acknowledged.length, ...asked].join()
    if (this.#done.has(id)) return
    this.#done.add(id)
    this.#last = this.#last.then(() => this.#read(toRead))
  }

  async settled(): Promise<void> {
    await this.#last
    if (this.#violation !== undefined) throw this.#violation
  }

  async #read(toRead: ToRead): Promise<void> {
    if (this.#violation !== undefined) return
    const { location, link, files, vault } = toRead
    const where = `${location}: checkpoint ${link.checkpointId} of leader ${link.leaderEpoch}`
    try {
      const told = toldBy(files)
      if (told !== undefined) return this.violated(`${where}: ${told}`)
      const keys = new RememberedKeys(vault)
      const content = await contentOf(location, files, link.checkpointId, keys)
      this.#seen.set(link.hash, content.seen)
      this.#faults.count('erasedReading')
      const difference = this.#difference(content, toRead)
      if (difference !== undefined) this.violated(`${where}: ${difference}`)
    } catch (error) {
      this.violated(`${where}: ${error instanceof Error ? error.stack : String(error)}`)
    }
  }

  #difference({ seen, keys }: ShreddedContent, toRead: ToRead): string | undefined {
    for (const [k, content] of keys) {
      const count = seen.get(k) ?? 0
      const from = count - content.values.length
      const values = this.#input.get(k)?.slice(Math.max(0, from), count) ?? []
      if (from < 0 || values.some((value, index) => value !== content.values[index])) {
        return `key ${k} holds ${content.values.length} values, others than the last of ${count}`
      }
      const torn = tornState(k, content)
      if (torn !== undefined) return `key ${k}: ${torn}`
      const wrong = this.#wrongBegin(k, from, toRead)
      if (wrong !== undefined) return `key ${k}, of which ${count} records came: ${wrong}`
    }
    const missing = [...seen].find(([k, count]) => {
      const begins = keys.has(k) ? undefined : this.#beginOf(k, toRead)
      return begins !== undefined && begins < count
    })
    return missing && `key ${missing[0]} is missing, of which ${missing[1]} records came`
  }

  /** @param from so many records came before what is held of the key. */
  #wrongBegin(k: number, from: number, toRead: ToRead): string | undefined {
    const { link, history, location, acknowledged } = toRead
    const isErased = acknowledged.some(({ subject, savepoints, lastEpoch }) => {
      if (subject !== k % SUBJECTS) return false
      return history.length === 0 ? savepoints.has(location) : link.leaderEpoch <= lastEpoch
    })
    if (isErased) return 'it is there, and its subject was erased'
    const begins = this.#beginOf(k, toRead)
    if (begins === undefined || begins === from) return undefined
    return `what is held of it begins behind ${from} of them, and should behind ${begins}`
  }

  /** Behind how many records a key begins in a checkpoint; undefined if that is not certain. */
  #beginOf(k: number, { link, history, acknowledged, asked }: ToRead): number | undefined {
    const subject = k % SUBJECTS
    if (asked[subject] === 0) return 0
    const own = acknowledged.filter((each) => each.subject === subject)
    // Who was asked for in vain is erased or is not.
    if (own.length !== asked[subject] || history.length === 0) return undefined
    const lastEpoch = Math.max(...own.map((each) => each.lastEpoch))
    if (link.leaderEpoch <= lastEpoch) return Number.POSITIVE_INFINITY
    return this.#baseOf(k, link, history, lastEpoch)
  }

  /** How many records of a key had come where the first leader after an erasure went on. */
  #baseOf(
    k: number,
    { leaderEpoch }: KnownLink,
    history: readonly KnownLink[],
    lastEpoch: number,
  ): number | undefined {
    const fence = history.findLast((each) => {
      return each.kind === 'fence' && each.leaderEpoch === leaderEpoch
    })
    if (fence === undefined || fence.imports) return undefined
    if (fence.restores === 0) return 0
    const restored = history.findLast((each) => {
      return each.kind === 'checkpoint' && each.sequence === fence.restores
    })
    if (restored === undefined) return undefined
    if (restored.leaderEpoch > lastEpoch) return this.#baseOf(k, restored, history, lastEpoch)
    const seen = this.#seen.get(restored.hash)
    return seen && (seen.get(k) ?? 0)
  }
}

/** What does not agree within the state of a key. */
function tornState(k: number, content: KeyContent): string | undefined {
  const { values, digest, held, name, timers, payloads } = content
  if (digest !== digestOf(values)) return `a digest of ${digest} is not that of its values`
  if (held !== values.length) return `${held} of ${values.length} values are in the map`
  // They fire when all input has come.
  if (timers > values.length) return `${timers} timers, of ${values.length} values`
  const texts = new Set([name, ...payloads])
  return [...texts].some((text) => text !== `${CANARY}${k}`)
    ? 'it has the name of others'
    : undefined
}
