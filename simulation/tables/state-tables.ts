/**
 * The tables that rows of state are kept in, as a cluster of Cassandra holds them: of several
 * changes of a cell the one with the newest timestamp wins, in whatever order they arrive.
 */
import { type Statements, statementsOf } from '../../src/state/cassandra/statements.ts'
import type { Row, Statement } from '../../src/storage/cassandra/driver.ts'
import { required } from '../../src/util/assert.ts'
import type { Asked, Tables } from './connection.ts'
import { namesOf } from './statement-names.ts'

interface Cell {
  readonly value: Buffer
  readonly timestamp: number
  readonly expiresMs: number
}

interface Gone {
  readonly lower: string
  readonly upper: string
  readonly timestamp: number
}

class Partition {
  readonly #cells = new Map<string, Cell>()
  #gone: Gone[] = []

  put(key: string, cell: Cell): void {
    const before = this.#cells.get(key)
    if (before === undefined || before.timestamp <= cell.timestamp) this.#cells.set(key, cell)
  }

  drop(gone: Gone): void {
    this.#gone.push(gone)
    for (const [key, cell] of this.#cells) if (hides(gone, key, cell)) this.#cells.delete(key)
  }

  get(key: string, nowMs: number): Buffer | undefined {
    const cell = this.#cells.get(key)
    if (cell === undefined || cell.expiresMs <= nowMs) return undefined
    return this.#gone.some((gone) => hides(gone, key, cell)) ? undefined : cell.value
  }

  keys(): readonly string[] {
    return [...this.#cells.keys()].toSorted()
  }
}

const DAY_MS = 86_400_000
const END = '\uffff'
const NAMES = namesOf(statementsOf('jobs'))
const OF_ROWS = ['get', 'put', 'empty', 'scan', 'scanDown', 'dropRange', 'dropHead'] as const

type OfRows = (typeof OF_ROWS)[number]

function isOfRows(name: keyof Statements): name is OfRows {
  return OF_ROWS.some((each) => each === name)
}

export class StateTables implements Tables {
  readonly #partitions = new Map<string, Partition>()
  readonly #heads = new Map<string, Set<string>>()
  readonly #scopes = new Map<string, { readonly shard: number; readonly seen: bigint }>()

  run(statements: readonly Statement[], asked: Asked): readonly Row[] {
    return statements.flatMap((statement) => this.#run(statement, asked))
  }

  #run({ cql, values }: Statement, { nowMs, timestamp }: Asked): readonly Row[] {
    const name = required(NAMES.get(cql), `nobody knows ${cql}`)
    if (isOfRows(name)) return this.#runOnRows(name, values, nowMs, timestamp)
    switch (name) {
      case 'create':
        return []
      case 'see':
        this.#scopes.set(String(values[1]), { shard: Number(values[0]), seen: values[2] as bigint })
        return []
      case 'scopes':
        return [...this.#scopes].flatMap(([scope, { shard, seen }]) =>
          shard === values[0] ? [{ scope, seen }] : [],
        )
      case 'forget':
        this.#scopes.delete(String(values[1]))
        return []
      case 'addHead':
        this.#headsOf(values[0]).add(textOf(values[1]))
        return []
      case 'heads':
        return [...this.#headsOf(values[0])].map((head) => ({ head: Buffer.from(head, 'latin1') }))
      case 'dropHeads':
        this.#heads.delete(String(values[0]))
        return []
    }
  }

  #runOnRows(
    name: OfRows,
    values: readonly unknown[],
    nowMs: number,
    timestamp: number,
  ): readonly Row[] {
    const partition = this.#partitionOf(values)
    const [first, second] = [values[2], values[3]]
    const rowsOf = (keys: readonly string[]): readonly Row[] =>
      keys.flatMap((text) => {
        const value = partition.get(text, nowMs)
        return value === undefined ? [] : [{ key: Buffer.from(text, 'latin1'), value }]
      })
    switch (name) {
      case 'get': {
        const wanted = new Set((first as readonly Buffer[]).map(textOf))
        return rowsOf([...wanted].toSorted())
      }
      case 'scan':
      case 'scanDown': {
        const [lower, upper, limit] = [textOf(first), textOf(second), Number(values[4])]
        const keys = partition.keys().filter((key) => key >= lower && key < upper)
        return rowsOf(name === 'scan' ? keys : keys.toReversed()).slice(0, limit)
      }
      case 'put':
      case 'empty': {
        const isPut = name === 'put'
        const value = isPut ? Buffer.from(second as Buffer) : Buffer.alloc(0)
        const expiresMs = isPut ? Number.POSITIVE_INFINITY : nowMs + DAY_MS
        partition.put(textOf(first), { value, timestamp, expiresMs })
        return []
      }
      case 'dropRange':
        partition.drop({ lower: textOf(first), upper: textOf(second), timestamp })
        return []
      case 'dropHead':
        partition.drop({ lower: '', upper: END, timestamp })
        return []
    }
  }

  #headsOf(scope: unknown): Set<string> {
    const heads = this.#heads.get(String(scope)) ?? new Set()
    this.#heads.set(String(scope), heads)
    return heads
  }

  #partitionOf([scope, head]: readonly unknown[]): Partition {
    const name = `${String(scope)} ${textOf(head)}`
    const partition = this.#partitions.get(name) ?? new Partition()
    this.#partitions.set(name, partition)
    return partition
  }
}

function hides({ lower, upper, timestamp }: Gone, key: string, cell: Cell): boolean {
  return key >= lower && key < upper && timestamp >= cell.timestamp
}

/** Sorts as the bytes do. */
function textOf(bytes: unknown): string {
  // Whoever says a statement gives blobs as buffers.
  return (bytes as Buffer).toString('latin1')
}
