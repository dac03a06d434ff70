/**
 * The tables that blobs are kept in, as a cluster of Cassandra holds them: what is decided is
 * decided one after the other, of everything else the newest timestamp wins. Which blob has a name
 * is known at every instant, so what becomes visible is looked at when it does.
 */
import {
  KEYSPACE,
  type Statements,
  statementsOf,
  TABLES,
  TABLES_OF,
} from '../../src/storage/cassandra/tables.ts'
import type { Row, Statement } from '../../src/storage/cassandra/driver.ts'
import { required } from '../../src/util/assert.ts'
import { Violation } from '../scheduler.ts'
import type { Asked, Tables } from './connection.ts'
import { isOfNames, ListedNames } from './listed-names.ts'
import { namesOf } from './statement-names.ts'

/** What a blob has in its partition. */
interface BlobRow {
  begun: boolean
  length: bigint | undefined
  bytes: Uint8Array | undefined
}

interface Partition {
  readonly folder: string
  readonly name: string
  current: string | undefined
  readonly rows: Map<string, BlobRow>
  /** Ids whose rows were deleted: what is written with the oldest timestamp never comes back. */
  readonly dropped: Set<string>
}

interface Bucket {
  readonly parts: Map<number, Uint8Array>
  droppedAt: number
}

export interface BlobWatch {
  appeared(folder: string, name: string, bytes: Uint8Array): void
  disappeared(folder: string, name: string): void
}

const NAMES = namesOf(statementsOf('jobs'))
const NO_BLOB: BlobRow = { begun: false, length: undefined, bytes: undefined }

export class BlobTables implements Tables {
  readonly #watch: BlobWatch
  readonly #partitions = new Map<string, Partition>()
  readonly #buckets = new Map<string, Bucket>()
  readonly #listed = new ListedNames()

  constructor(watch: BlobWatch) {
    this.#watch = watch
  }

  run(statements: readonly Statement[], asked: Asked): readonly Row[] {
    const [first] = statements
    if (first?.cql === TABLES_OF) return TABLES.map((table) => ({ table_name: table }))
    if (first?.cql === KEYSPACE) return [{ keyspace_name: 'jobs' }]
    const said = statements.map(({ cql, values }) => {
      return { name: required(NAMES.get(cql), `nobody knows ${cql}`), values }
    })
    const isDecided = said.some(({ name }) => DECISIONS.has(name))
    return isDecided ? this.#decide(said) : said.flatMap((each) => this.#run(each, asked))
  }

  /** The blob that has the name. */
  #holder({ current, rows }: Partition): BlobRow | undefined {
    return current === undefined ? undefined : rows.get(current)
  }

  /** All of it if all conditions hold. */
  #decide(said: readonly Said[]): readonly Row[] {
    const partition = this.#partitionOf(said[0])
    const { current, rows, dropped } = partition
    const holds = said.every(({ name, values }) => {
      const id = String(values.at(-1))
      if (name === 'take') return current === undefined
      if (name === 'leave') return current === id
      if (name === 'fillBegun') return rows.get(id)?.begun === true
      if (name === 'dropBegun') return rows.get(id)?.begun === true && current !== id
      return true
    })
    if (!holds) return [{ '[applied]': false, current: current ?? null }]
    const before = this.#holder(partition)
    for (const { name, values } of said) {
      const id = String(values.at(name === 'dropBegun' ? -2 : -1))
      if (name === 'take') partition.current = String(values[0])
      else if (name === 'leave') partition.current = undefined
      else if (name === 'fill' || name === 'fillBegun') {
        const row = rows.get(id) ?? { ...NO_BLOB }
        row.length = values[0] as bigint
        if (name === 'fill') row.bytes = Uint8Array.from(values[1] as Uint8Array)
        rows.set(id, row)
      } else {
        rows.delete(id)
        dropped.add(id)
      }
    }
    this.#look(partition, before)
    return [{ '[applied]': true }]
  }

  #look(partition: Partition, before: BlobRow | undefined): void {
    const after = this.#holder(partition)
    const { folder, name } = partition
    if (before !== undefined && after !== before) this.#watch.disappeared(folder, name)
    if (after === undefined || after === before) return
    this.#watch.appeared(
      folder,
      name,
      after.bytes ?? this.#chunksOf(partition, Number(after.length)),
    )
  }

  /** At the moment at which it gets its name all of it must be there. */
  #chunksOf({ folder, name, current }: Partition, length: number): Uint8Array {
    const chunks: Uint8Array[] = []
    const beginning = `${folder} ${name} ${current} `
    for (const [key, { parts }] of this.#buckets) {
      if (!key.startsWith(beginning)) continue
      for (const [part, bytes] of parts) chunks[part] = bytes
    }
    const found = Buffer.concat(Array.from(chunks, (chunk) => chunk ?? new Uint8Array()))
    if (found.length === length) return found
    const message = `${folder}/${name} gets its name with ${found.length} of ${length} bytes`
    throw new Violation(message)
  }

  #run({ name, values }: Said, { timestamp }: Asked): readonly Row[] {
    if (isOfNames(name)) return this.#listed.run(name, values, timestamp)
    switch (name) {
      case 'create':
        return []
      case 'head':
        return this.#head(this.#partitionOf({ name, values }))
      case 'begin': {
        const { rows, dropped } = this.#partitionOf({ name, values })
        const id = String(values[2])
        const row = rows.get(id) ?? { ...NO_BLOB }
        row.begun = true
        if (!dropped.has(id)) rows.set(id, row)
        return []
      }
      case 'putChunk': {
        const { parts, droppedAt } = this.#bucketOf(values)
        const bytes = Uint8Array.from(values[5] as Uint8Array)
        if (timestamp > droppedAt) parts.set(Number(values[4]), bytes)
        return []
      }
      case 'chunk': {
        const bytes = this.#bucketOf(values).parts.get(Number(values[4]))
        return bytes === undefined ? [] : [{ bytes: Buffer.from(bytes) }]
      }
      case 'anyChunk': {
        const [part] = this.#bucketOf(values).parts.keys()
        return part === undefined ? [] : [{ part }]
      }
      case 'dropChunks':
        this.#dropChunks(values, timestamp)
        return []
      case 'take':
      case 'fill':
      case 'fillBegun':
      case 'leave':
      case 'drop':
      case 'dropBegun':
        throw new Error(`${name} is decided, with a condition`)
    }
  }

  #head({ current, rows }: Partition): readonly Row[] {
    const found = [...rows].map(([id, { length, bytes }]) => {
      return { current: current ?? null, id, length: length ?? null, bytes: bytes ?? null }
    })
    if (found.length > 0 || current === undefined) return found
    return [{ current, id: null, length: null, bytes: null }]
  }

  #dropChunks(values: readonly unknown[], timestamp: number): void {
    const [folder, name, id] = values
    const { current, rows } = this.#partitionOf({ name: 'head', values })
    if (current === id && rows.has(String(id))) {
      throw new Violation(`chunks of ${String(folder)}/${String(name)} go while it has its name`)
    }
    const bucket = this.#bucketOf(values)
    bucket.parts.clear()
    bucket.droppedAt = Math.max(bucket.droppedAt, timestamp)
  }

  #partitionOf(said: Said | undefined): Partition {
    const { name: statement, values } = required(said, 'a statement')
    const from = FOLDER_AT[statement] ?? 0
    const [folder, name] = [String(values[from]), String(values[from + 1])]
    const key = `${folder} ${name}`
    let partition = this.#partitions.get(key)
    if (partition === undefined) {
      partition = { folder, name, current: undefined, rows: new Map(), dropped: new Set() }
      this.#partitions.set(key, partition)
    }
    return partition
  }

  #bucketOf([folder, name, id, at]: readonly unknown[]): Bucket {
    const key = [folder, name, id, at].map(String).join(' ')
    const bucket = this.#buckets.get(key) ?? { parts: new Map(), droppedAt: -1 }
    this.#buckets.set(key, bucket)
    return bucket
  }
}

interface Said {
  readonly name: keyof Statements
  readonly values: readonly unknown[]
}

/** Conditions, and what goes with them in one transaction. */
const DECISIONS: ReadonlySet<keyof Statements> = new Set([
  'take',
  'fill',
  'fillBegun',
  'leave',
  'drop',
  'dropBegun',
] as const)

/** Where it is not the first value. */
const FOLDER_AT: Partial<Record<keyof Statements, number>> = { take: 1, fill: 2, fillBegun: 1 }
