/**
 * A stream of entries with some operators left out, changed or under another id. Entries stay in
 * order: keys are never changed, and the rows of a key group come before its timers.
 */
import { Buffer } from 'node:buffer'
import type { Entry } from '../state/backend.ts'
import {
  KEY_HEAD_BYTES,
  SECTION_ROWS,
  compareBytes,
  keyGroupOfKey,
  operatorOfKey,
  sectionOfKey,
} from '../state/runs/entry.ts'
import { readTimeKey, rowPrefixLength } from '../state/runs/entry-key.ts'
import { type DeclaredTypes, StateDecoder } from '../state/runs/state-decoder.ts'
import type { EntryBatches } from '../state/runs/stream.ts'
import { timerNameOf } from '../state/runs/timer-payload.ts'
import type { OperatorRecord } from '../state/snapshot.ts'
import { ByteWriter } from '../util/bytes.ts'
import { writeKey } from '../types/keys.ts'
import type { ChangeOptions } from './changes.ts'
import { RowEncoder } from './row-encoder.ts'

/** What becomes of the entries of one operator. */
export type Rewrite = 'drop' | OperatorRewriter

/** The entries of `stream`, operators without a rewrite as they are. */
export async function* rewritten(
  stream: EntryBatches,
  rewrites: ReadonlyMap<number, Rewrite>,
): AsyncGenerator<Entry> {
  let pending: OperatorRewriter | undefined
  for await (const batch of stream.batches()) {
    for (const entry of batch) {
      const rewrite = rewrites.get(operatorOfKey(entry.key))
      if (pending !== undefined && pending !== rewrite) yield* pending.flush()
      pending = undefined
      if (rewrite === undefined) yield entry
      else if (rewrite !== 'drop') {
        pending = rewrite
        yield* rewrite.take(entry)
      }
    }
  }
  if (pending !== undefined) yield* pending.flush()
}

/** Rewrites the entries of one operator, given in order. */
export class OperatorRewriter {
  readonly #decoder: StateDecoder
  readonly #encoder: RowEncoder
  readonly #rows: ChangeOptions['rows']
  readonly #changesRows: boolean
  readonly #newId: number
  /** Ids of states that are left out. */
  readonly #lost: ReadonlySet<number>
  #row: Entry[] = []
  #prefix: Uint8Array = new Uint8Array(0)
  /** Deleted keys of the key group at hand, for its timers come after its rows. */
  readonly #deleted = new Set<string>()
  #keyGroup = -1

  /**
   * @param before the operator as the entries have it.
   * @param after as they are to have it: another id, fewer states, or newer types.
   * @param declared the newer types, where the job's code is at hand.
   */
  constructor(
    before: OperatorRecord,
    after: OperatorRecord,
    { rows }: ChangeOptions,
    maxParallelism: number,
    declared?: DeclaredTypes,
  ) {
    const live = new Set(after.states.map((state) => state.id))
    this.#lost = new Set(before.states.map((state) => state.id).filter((id) => !live.has(id)))
    this.#decoder = new StateDecoder(before, declared)
    this.#encoder = new RowEncoder({ ...after, id: before.id }, maxParallelism)
    this.#rows = rows
    this.#changesRows = rows !== undefined || this.#lost.size > 0
    this.#newId = after.id
    this.#after = after
  }

  readonly #after: OperatorRecord;

  *take(entry: Entry): Generator<Entry> {
    const { key } = entry
    if (keyGroupOfKey(key) !== this.#keyGroup) {
      yield* this.flush()
      this.#keyGroup = keyGroupOfKey(key)
      this.#deleted.clear()
    }
    if (sectionOfKey(key) !== SECTION_ROWS) {
      yield* this.flush()
      if (!this.#isGone(key)) yield this.#underNewId(entry)
    } else if (this.#changesRows) {
      const prefix = key.subarray(0, rowPrefixLength(key))
      if (compareBytes(prefix, this.#prefix) !== 0) yield* this.flush()
      this.#prefix = prefix
      this.#row.push(entry)
    } else yield this.#underNewId(entry)
  }

  /** The changed row that was being gathered. */
  *flush(): Generator<Entry> {
    if (this.#row.length === 0) return
    const former = this.#row
    this.#row = []
    const { key, keyGroup, states, stampMs } = this.#decoder.decode(former)
    const names = this.#after.states.map((state) => state.name)
    const held = Object.fromEntries(
      names.filter((name) => Object.hasOwn(states, name)).map((name) => [name, states[name]]),
    )
    const wanted =
      this.#rows === undefined ? held : this.#rows({ key, keyGroup, states: held, stampMs })
    if (wanted === undefined) {
      this.#deleted.add(keyTextOf(this.#prefix.subarray(KEY_HEAD_BYTES)))
      return
    }
    for (const entry of this.#encoder.encode(key, wanted, former, stampMs)) {
      yield this.#underNewId(entry)
    }
  }

  /** True for a timer of a deleted key, and for marks of time-to-live of a state left out. */
  #isGone(bytes: Uint8Array): boolean {
    if (this.#deleted.size === 0 && this.#lost.size === 0) return false
    const { key, name } = readTimeKey(bytes)
    const [, stateId] = /^\0ttl \w+ (\d+)$/.exec(timerNameOf(name)) ?? []
    if (stateId !== undefined && this.#lost.has(Number(stateId))) return true
    if (this.#deleted.size === 0) return false
    const out = new ByteWriter()
    writeKey(key, out)
    return this.#deleted.has(keyTextOf(out.view()))
  }

  #underNewId(entry: Entry): Entry {
    if (operatorOfKey(entry.key) === this.#newId) return entry
    const key = Buffer.from(entry.key)
    key.writeUInt16BE(this.#newId, 2)
    return { key, value: entry.value }
  }
}

function keyTextOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
