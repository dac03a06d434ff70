/**
 * Looks at a restore for what time-to-live has to make up for. Entries of before it was declared
 * are marked: their time begins now. Marks of states that are declared without it now are shelved,
 * and taken from the shelf when it is declared again.
 */
import { Buffer } from 'node:buffer'
import { routeHash, writeKey } from '../../types/keys.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { SCALAR_ROW } from '../runs/entry.ts'
import { readRowKey, type TimeKey } from '../runs/entry-key.ts'
import {
  EntryHeader,
  FieldReader,
  FLAG_ELEMENT_STAMPS,
  readStamps,
  STAMPS_FIELD,
} from '../runs/entry-value.ts'
import { markOf, SHELF_MS } from './expiry.ts'
import type { KeyedTable } from './keyed-table.ts'

interface Bare {
  readonly table: KeyedTable
  readonly key: unknown
  readonly stateId: number
}

interface Moved {
  readonly table: KeyedTable
  readonly timer: TimeKey
  readonly stateId: number
  readonly isBare: boolean
}

export class RestoredMarks {
  /** By table, key and state: the last of them, for entries of one come together. */
  readonly #bare = new Map<string, Bare>()
  readonly #known = new Set<string>()
  /** To the shelf, or from it. */
  #moved: Moved[] = []
  readonly #input = new ByteReader(new Uint8Array(0))
  readonly #header = new EntryHeader()
  readonly #out = new ByteWriter()

  seeEntry(table: KeyedTable, entry: Entry): void {
    if (!table.expiry.isNeeded) return
    const { stateId, key } = readRowKey(entry.key)
    const input = this.#input.reset(entry.value)
    const { flags, stampMs } = this.#header.read(input)
    if (stateId === SCALAR_ROW) this.#seeRow(table, key, input)
    else if (table.expiry.lifeOf(stateId) !== undefined) {
      const isList = table.layout.collections.some((each) => {
        return each.stateId === stateId && each.kind === 'list'
      })
      const isBare = isList ? (flags & FLAG_ELEMENT_STAMPS) === 0 : stampMs < 0
      if (isBare) this.#add(table, key, stateId)
    }
  }

  seeTimer(table: KeyedTable, timer: TimeKey): void {
    if (timer.name[0] !== 0) return
    const mark = markOf(textOf(timer.name))
    if (mark === undefined) return
    const isMortal = table.expiry.lifeOf(mark.stateId) !== undefined
    const isShelved = timer.timeMs === SHELF_MS
    if (isMortal === isShelved) this.#moved.push({ table, timer, ...mark })
    else if (isMortal && mark.isBare) this.#known.add(this.#idOf(table, timer.key, mark.stateId))
  }

  /** When all is loaded. Selects keys. */
  settle(): void {
    for (const _ of this.settling(() => true)) continue
  }

  /** The same for some keys, of which all is loaded; each yield is a pause. Selects keys. */
  *settling(isWanted: (routeHash: number) => boolean): Generator<undefined> {
    const moved = this.#moved
    this.#moved = []
    for (const each of moved) {
      const { table, timer, stateId, isBare } = each
      const hash = routeHash(timer.key)
      if (!isWanted(hash)) {
        this.#moved.push(each)
        continue
      }
      const [domain, name] = [domainOf(timer), textOf(timer.name)]
      table.select(table.keyType.isolate(timer.key), hash)
      table.timers.delete(domain, timer.timeMs, name)
      const life = table.expiry.lifeOf(stateId)
      if (life !== undefined) life.markNow()
      else if (!isBare) table.timers.register(domain, SHELF_MS, name)
      yield undefined
    }
    for (const [id, { table, key, stateId }] of this.#bare) {
      const hash = routeHash(key)
      if (!isWanted(hash)) continue
      this.#bare.delete(id)
      if (this.#known.delete(id)) continue
      table.select(table.keyType.isolate(key), hash)
      table.expiry.lifeOf(stateId)?.markBare()
      yield undefined
    }
  }

  #seeRow(table: KeyedTable, key: unknown, input: ByteReader): void {
    const { end } = input
    const bare = new Set<number>()
    const stamped: number[] = []
    const fields = new FieldReader(input)
    while (fields.next()) {
      if (fields.stateId === STAMPS_FIELD) {
        readStamps(input, fields, (stateId) => stamped.push(stateId))
        input.end = end
      } else if (table.expiry.lifeOf(fields.stateId) !== undefined) bare.add(fields.stateId)
    }
    for (const stateId of stamped) bare.delete(stateId)
    for (const stateId of bare) this.#add(table, key, stateId)
  }

  #add(table: KeyedTable, key: unknown, stateId: number): void {
    this.#bare.set(this.#idOf(table, key, stateId), { table, key, stateId })
  }

  #idOf(table: KeyedTable, key: unknown, stateId: number): string {
    const out = this.#out
    out.reset()
    out.uint16BE(table.spec.record.id)
    out.uint16BE(stateId)
    writeKey(key, out)
    return out.view().toString('latin1')
  }
}

function domainOf({ domain }: TimeKey): 'event-time' | 'processing-time' {
  return domain === 0 ? 'event-time' : 'processing-time'
}

function textOf(name: Uint8Array): string {
  return Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('utf8')
}
