/**
 * The rows of an operator in a job that is being profiled: the same table, behind marks, so that
 * the profile tells finding the row, reading, writing and timers apart, and counts the calls.
 */
import type { ExpiryOutput, KeyedStateTable, TimerTable } from '../../state/backend.ts'
import type { Marks, MarkKind } from './marks.ts'

/** Of the scalar states; all else that they have writes. */
const READS: ReadonlySet<string | symbol> = new Set(['value', 'get', 'isSet'])

export class MarkedTable implements KeyedStateTable {
  readonly handles: KeyedStateTable['handles']
  readonly timers: TimerTable
  readonly select: KeyedStateTable['select']
  readonly prefetch: KeyedStateTable['prefetch']
  readonly fireMark: KeyedStateTable['fireMark']
  readonly #table: KeyedStateTable

  constructor(table: KeyedStateTable, node: number, marks: Marks) {
    this.#table = table
    const rows = { node, kind: 'rows' } as const
    this.select = marks.method(rows, 'rows.select', table, 'select')
    const prefetch = { node, kind: 'prefetch' } as const
    this.prefetch = marks.method(prefetch, 'rows.prefetch', table, 'prefetch')
    const expiry = { node, kind: 'fire' } as const
    this.fireMark = marks.method(expiry, 'timers.expire', table, 'fireMark')
    this.timers = markedTimers(table.timers, node, marks)
    this.handles = Object.fromEntries(
      Object.entries(table.handles).map(([name, handle]) => {
        return [name, markedHandle(handle as object, name, node, marks)] // handles are objects
      }),
    )
  }

  get currentKey(): unknown {
    return this.#table.currentKey
  }

  get prefetches(): boolean {
    return this.#table.prefetches
  }

  set checksHashes(checks: boolean) {
    this.#table.checksHashes = checks
  }

  set expiryOutput(output: ExpiryOutput) {
    this.#table.expiryOutput = output
  }

  deselect(): void {
    this.#table.deselect()
  }

  keys(): ReturnType<KeyedStateTable['keys']> {
    return this.#table.keys()
  }
}

function markedTimers(timers: TimerTable, node: number, marks: Marks): TimerTable {
  const mark = { node, kind: 'timers' } as const
  return {
    get currentWatermark() {
      return timers.currentWatermark
    },
    get currentProcessingTime() {
      return timers.currentProcessingTime
    },
    register: marks.method(mark, 'timers.register', timers, 'register'),
    delete: marks.method(mark, 'timers.delete', timers, 'delete'),
    list: marks.method(mark, 'timers.list', timers, 'list'),
    advance: marks.method({ node, kind: 'fire' }, 'timers.advance', timers, 'advance'),
    pending: () => timers.pending(),
    nextTime: (domain) => timers.nextTime(domain),
    restoreWatermark: (watermark) => timers.restoreWatermark(watermark),
  }
}

/** An object with all methods of a handle; what a method calls within the handle is not counted. */
function markedHandle(handle: object, state: string, node: number, marks: Marks): object {
  const isCollection = Symbol.iterator in handle
  const marked = {}
  for (const [key, descriptor] of methodsOf(handle)) {
    const scalar: MarkKind = READS.has(key) ? 'read' : 'update'
    const mark = { node, kind: isCollection ? 'collections' : scalar } as const
    const name = `${state}.${typeof key === 'symbol' ? 'iterate' : key}`
    const part = typeof descriptor.value === 'function' ? 'value' : 'get'
    const method = descriptor[part] as (() => unknown) | undefined // of any signature
    if (method === undefined) continue
    const value = marks.of(mark, name, handle, method)
    // A guard may follow its writes.
    Object.defineProperty(marked, key, { [part]: value, configurable: true })
  }
  return marked
}

/** Of its class and those above it; the most special of each name. */
function methodsOf(handle: object): ReadonlyMap<string | symbol, PropertyDescriptor> {
  const found = new Map<string | symbol, PropertyDescriptor>()
  let prototype: unknown = Object.getPrototypeOf(handle)
  while (typeof prototype === 'object' && prototype !== null && prototype !== Object.prototype) {
    for (const key of Reflect.ownKeys(prototype)) {
      const descriptor = Object.getOwnPropertyDescriptor(prototype, key)
      if (key === 'constructor' || descriptor === undefined || found.has(key)) continue
      found.set(key, descriptor)
    }
    prototype = Object.getPrototypeOf(prototype)
  }
  return found
}
