// What an operator needs of a host, in memory: a table of plain maps without snapshots, outputs
// that collect, timers that are fired by hand.
import type { KeyedStateTable } from '../../src/state/backend.ts'
import type { StateDescriptor, StateSchema } from '../../src/state/descriptors.ts'
import {
  NO_TIMESTAMP,
  type KeyedTimers,
  type Operator,
  type OperatorContext,
  type Output,
  type TimeDomain,
} from '../../src/operators/operator.ts'
import { required } from '../../src/util/assert.ts'

export class CollectingOutput implements Output {
  readonly values: unknown[] = []
  readonly timestamps: number[] = []
  readonly watermarks: number[] = []
  ended = 0

  collect(value: unknown, timestamp: number): void {
    this.values.push(value)
    this.timestamps.push(timestamp)
  }
  watermark(timestamp: number): void {
    this.watermarks.push(timestamp)
  }
  endInput(): void {
    this.ended++
  }
}

type Rows = Map<unknown, Map<string, unknown>>
type TestTable = Pick<
  KeyedStateTable,
  'handles' | 'select' | 'deselect' | 'currentKey' | 'keys'
> & {
  readonly rows: Rows
}

function tableOf(schema: StateSchema): TestTable {
  const rows: Rows = new Map()
  let current: unknown
  let isSelected = false
  const row = (): Map<string, unknown> => {
    if (!isSelected) throw new Error('no key')
    const found = rows.get(current) ?? new Map<string, unknown>()
    rows.set(current, found)
    return found
  }
  const clear = (name: string): void => {
    row().delete(name)
    if (row().size === 0) rows.delete(current)
  }
  const handleOf = (name: string, descriptor: StateDescriptor) => {
    if (descriptor.kind === 'value') {
      return {
        value: () => row().get(name) ?? descriptor.initial,
        update: (value: unknown) => row().set(name, value),
        clear: () => clear(name),
      }
    }
    const { reduce, aggregate } = descriptor
    return {
      get: () => {
        const held = row().get(name)
        return held === undefined || aggregate === undefined ? held : aggregate.getResult(held)
      },
      add: (value: unknown) => {
        const held = row().get(name)
        if (aggregate !== undefined) {
          row().set(name, aggregate.add(value, held ?? aggregate.createAccumulator()))
        } else {
          row().set(name, held === undefined ? value : required(reduce, 'a fold')(held, value))
        }
      },
      clear: () => clear(name),
    }
  }
  return {
    rows,
    handles: Object.fromEntries(
      Object.entries(schema).map(([name, descriptor]) => [name, handleOf(name, descriptor)]),
    ),
    select(key: unknown) {
      current = key
      isSelected = true
    },
    deselect() {
      isSelected = false
    },
    get currentKey() {
      return current
    },
    *keys() {
      for (const key of rows.keys()) yield { key, routeHash: 0 }
    },
  }
}

export interface Timer {
  readonly key: unknown
  readonly domain: TimeDomain
  readonly time: number
  readonly name: string
}

export interface TestHost {
  readonly context: OperatorContext
  readonly output: CollectingOutput
  readonly sides: ReadonlyMap<string, CollectingOutput>
  readonly rows: Rows
  readonly timers: readonly Timer[]
  /** Hands over a record as the host does: the key is selected first. */
  process(operator: Operator, key: unknown, value: unknown, timestamp?: number): void
}

export function testHost(schema: StateSchema = {}, hasTimers = false): TestHost {
  const output = new CollectingOutput()
  const sides = new Map<string, CollectingOutput>()
  const table = tableOf(schema)
  const timers: Timer[] = []
  const keyed: KeyedTimers = {
    list: (domain, name) =>
      timers
        .filter((timer) => timer.domain === domain && timer.name === name)
        .map(({ time }) => ({ time, payload: undefined })),
    currentWatermark: 7,
    currentProcessingTime: 1_000,
    register: (domain, time, name) => {
      timers.push({ key: table.currentKey, domain, time, name })
    },
    delete: (domain, time, name) => {
      const at = timers.findIndex((t) => t.domain === domain && t.time === time && t.name === name)
      if (at >= 0) timers.splice(at, 1)
    },
  }
  const context: OperatorContext = {
    jobName: 'test',
    uid: 'tested',
    operatorId: 1,
    subtaskIndex: 1,
    parallelism: 2,
    output,
    sideOutput: (tag) => {
      const side = sides.get(tag.name) ?? new CollectingOutput()
      sides.set(tag.name, side)
      return side
    },
    table: table as unknown as KeyedStateTable, // operators use no more of it than is here
    timers: hasTimers ? keyed : undefined,
    processingTime: () => 1_000,
  }
  return {
    context,
    output,
    sides,
    rows: table.rows,
    timers,
    process(operator, key, value, timestamp = NO_TIMESTAMP) {
      table.select(key, 0)
      operator.processElement(value, timestamp)
    },
  }
}
