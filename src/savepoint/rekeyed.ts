/**
 * The state of an operator under other keys, for a change of the key's type that no rule covers.
 * The whole operator is written anew: what two old keys hold comes together only where that is
 * said, else it is reported and nothing is written.
 */
import { requireNothingInFlight } from '../checkpoint/in-flight-plan.ts'
import { MillraceError } from '../errors.ts'
import type { StateSchema } from '../state/descriptors.ts'
import { StateDecoder } from '../state/runs/state-decoder.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import { describeKey, writeKey } from '../types/keys.ts'
import { ByteWriter } from '../util/bytes.ts'
import type { NewOperator, StateContents } from './changes.ts'
import type { MovedEntry } from './new-entries.ts'
import { payloadsOf, recordOf, typesOf } from './operator-snapshot.ts'
import { liveOperators, rawRows } from './raw-rows.ts'
import type { Snapshot } from './snapshot.ts'
import { requireOwner, type StateOwner } from './state-values.ts'
import { timerNameOf } from '../state/runs/timer-payload.ts'

const COLLISIONS_SHOWN_MAX = 10

export interface RekeyOptions<K, S extends StateSchema> {
  /**
   * What one key is to hold where two come to it, called for each further one. Accumulators are as
   * they are kept. Left out: such keys are an error, with a list of them.
   */
  readonly merge?: (one: StateContents<S>, other: StateContents<S>, key: K) => StateContents<S>
  /**
   * Makes of what a key holds, as the snapshot declares it, what the function declares: for keys of
   * maps and elements of sets, whose types must not change either. Left out: as the rules say.
   */
  readonly states?: (before: Readonly<Record<string, unknown>>, key: K) => StateContents<S>
}

/**
 * An operator of `snapshot` with other keys: state and timers move. Keeps about 100 bytes per key
 * in memory.
 *
 * @param owner the function as it is now, with the new type of the key.
 * @param rekey gives the new key of an old one, or `undefined` to leave it out.
 * @throws `CHECKPOINT_INCOMPATIBLE` if records were in flight; `STATE_KEYS_COLLIDE` when it is
 *   written, if keys come together and there is no `merge`.
 * @example
 * operators: { totals: rekeyed(snapshot, 'totals', totals, (old: number) => BigInt(old)) }
 */
export function rekeyed<K, S extends StateSchema, Old, T extends TimerSchema = {}>(
  snapshot: Snapshot,
  uid: string,
  owner: StateOwner<K, S, T>,
  rekey: (old: Old) => K | undefined,
  options: RekeyOptions<K, S> = {},
): NewOperator {
  requireNothingInFlight(snapshot.link)
  const record = recordOf(liveOperators(snapshot.operators), uid)
  const { state, timers } = owner
  const converts = options.states !== undefined
  const undeclared = record.states.find(({ name }) => state?.[name] === undefined)
  if (!converts && undeclared !== undefined) {
    const message = `"${uid}" has state "${undeclared.name}", which the function does not declare`
    throw new MillraceError('STATE_UNKNOWN', message, { cure: 'declare it, or give `states`' })
  }
  requireOwner(record, { ...(converts ? {} : { state }), timers })
  const node = snapshot.nodeOf(uid)
  if (node?.operatorStates !== undefined) {
    const message = `"${uid}" has state without keys, which re-keying would leave behind`
    throw new MillraceError('CONFIG_INVALID', message, { cure: 'drop that state first' })
  }
  const moving = new Moving(snapshot, uid, owner, rekey as (old: unknown) => K | undefined, options)
  return {
    change: 'new',
    owner,
    entries: moving.entries(),
    operation: node?.operation ?? 'process',
    operatorState: {},
  }
}

class Moving<K, S extends StateSchema, T extends TimerSchema> {
  readonly #snapshot: Snapshot
  readonly #uid: string
  readonly #owner: StateOwner<K, S, T>
  readonly #rekey: (old: unknown) => K | undefined
  readonly #options: RekeyOptions<K, S>
  readonly #out = new ByteWriter()

  constructor(
    snapshot: Snapshot,
    uid: string,
    owner: StateOwner<K, S, T>,
    rekey: (old: unknown) => K | undefined,
    options: RekeyOptions<K, S>,
  ) {
    this.#snapshot = snapshot
    this.#uid = uid
    this.#owner = owner
    this.#rekey = rekey
    this.#options = options
  }

  async *entries(): AsyncGenerator<MovedEntry> {
    const shared = await this.#shared()
    const { merge } = this.#options
    if (shared.size > 0 && merge === undefined) throw this.#collide(shared)
    const gathered = new Map<string, MovedEntry & { readonly key: K; left: number }>()
    for await (const { key, text, states, stampMs } of this.#rows()) {
      const olds = shared.get(text)
      if (olds === undefined || merge === undefined) {
        yield { key, states, stampMs }
        continue
      }
      const held = gathered.get(text)
      // What is gathered was made by `states` or by the types of the owner.
      const one = held?.states as StateContents<S> | undefined
      const both = one === undefined ? states : merge(one, states, key)
      const left = (held?.left ?? olds.length) - 1
      const newest = Math.max(stampMs, held?.stampMs ?? -1)
      gathered.set(text, { key, states: both, stampMs: newest, left })
      if (left > 0) continue
      yield { key, states: both, stampMs: newest }
      gathered.delete(text)
    }
    yield* this.#timers(shared)
  }

  /** The old keys of each new one that has several, by its bytes. */
  async #shared(): Promise<ReadonlyMap<string, readonly unknown[]>> {
    const first = new Map<string, unknown>()
    const shared = new Map<string, unknown[]>()
    for await (const { text, old } of this.#rows()) {
      if (!first.has(text)) {
        first.set(text, old)
        continue
      }
      const olds = shared.get(text) ?? [first.get(text)]
      shared.set(text, [...olds, old])
    }
    return shared
  }

  async *#rows(): AsyncGenerator<{
    readonly key: K
    readonly text: string
    readonly old: unknown
    readonly states: StateContents<S>
    readonly stampMs: number
  }> {
    const record = recordOf(liveOperators(this.#snapshot.operators), this.#uid)
    const { states: convert } = this.#options
    const types = convert === undefined ? typesOf(this.#owner.state ?? {}) : undefined
    const decoder = new StateDecoder(record, types)
    for await (const { entries } of rawRows(this.#snapshot.all(), record.id)) {
      const { key: old, states, stampMs = -1 } = decoder.decode(entries)
      const key = this.#rekey(old)
      if (key === undefined) continue
      // Decoded by the types of the owner, which has compared them with those of the snapshot.
      const held = convert === undefined ? (states as StateContents<S>) : convert(states, key)
      yield { key, text: this.#textOf(key), old, states: held, stampMs }
    }
  }

  /** Of timers that come to the same key, time and name one stays. */
  async *#timers(shared: ReadonlyMap<string, unknown>): AsyncGenerator<MovedEntry> {
    const known = new Set<string>()
    const payloads = payloadsOf(this.#owner.timers)
    for await (const timer of this.#snapshot.reader.timers(this.#uid, payloads)) {
      const key = this.#rekey(timer.key)
      if (key === undefined) continue
      const { domain, timeMs, payload } = timer
      const name = timerNameOf(timer.name)
      const text = this.#textOf(key)
      const id = `${domain} ${timeMs} ${name} ${text}`
      if (shared.has(text) && known.has(id)) continue
      if (shared.has(text)) known.add(id)
      const clock = domain === 0 ? 'event-time' : 'processing-time'
      yield { key, states: {}, timers: [{ name, timeMs, payload, domain: clock }] }
    }
  }

  #textOf(key: K): string {
    this.#out.reset()
    writeKey(key, this.#out)
    return this.#out.copy().toString('latin1')
  }

  #collide(shared: ReadonlyMap<string, readonly unknown[]>): MillraceError {
    const all = [...shared.values()]
    const lines = all.slice(0, COLLISIONS_SHOWN_MAX).map((olds) => {
      const key = describeKey(this.#rekey(olds[0]))
      return `\n  - ${key}: ${olds.slice(0, COLLISIONS_SHOWN_MAX).map(describeKey).join(', ')}`
    })
    const more = all.length - lines.length
    if (more > 0) lines.push(`\n  - and ${more} more`)
    return new MillraceError(
      'STATE_KEYS_COLLIDE',
      `${all.length} new keys of "${this.#uid}" stand for several old ones:${lines.join('')}\n`,
      { details: { uid: this.#uid, collisions: all.length } },
    )
  }
}
