/**
 * What a workload must give, found by evaluating it record by record with plain maps and arrays:
 * no batches, no threads, no checkpoints, nothing of the engine. Depth first, source by source,
 * split by split; at the end due timers fire by time, and `latest` gives what it holds.
 */
import { helping, pairs } from './oracle-helpers.ts'
import { orderedDigests } from './oracle-ordered.ts'
import { states } from './oracle-states.ts'
import { matchesOf, meeting, pairing, ruling, windowsOf } from './oracle-timed.ts'
import { farOf } from './workloads/effects.ts'
import { CALL_FACTOR, restOf, TIMER_DELAY_MS, WINDOW_MS } from './workloads/workload.ts'
import type { Rec, Workload, WorkloadNode } from './workloads/workload.ts'

type Emit = (record: Rec) => void

interface Step {
  take(record: Rec): void
  /** Of nodes with two inputs. */
  takeSecond?(record: Rec): void
  /** All input has come: timers, then what was held back. */
  end(): void
}

interface Outputs {
  readonly main: Emit
  readonly side: Emit
}

/** What each sink must have received, by its uid, in a possible order. */
export function evaluate(workload: Workload): ReadonlyMap<string, readonly Rec[]> {
  const results = new Map<string, Rec[]>()
  const { nodes } = workload
  const steps: Step[] = []
  const consumers = nodes.map((_, index) => consumersOf(nodes, index))
  const emitTo = (consumer: Consumers) => (record: Rec) => {
    for (const index of consumer.firsts) steps[index]?.take(record)
    for (const index of consumer.seconds) steps[index]?.takeSecond?.(record)
  }
  nodes.forEach((node, index) => {
    const { main, side } = consumers[index] ?? { main: nobody, side: nobody }
    const outputs = { main: emitTo(main), side: emitTo(side) }
    if (node.kind === 'sink') results.set(node.uid, [])
    const sink = node.kind === 'sink' ? results.get(node.uid) : undefined
    steps.push(sink === undefined ? stepOf(node, outputs) : plain((rec) => sink.push(rec)))
  })
  nodes.forEach((node, index) => {
    if (node.kind !== 'source') return
    const { splits = [], text } = workload.sources[node.source] ?? {}
    const records = splits.flatMap((split) => split.records)
    for (const record of text === 'words' ? withoutEqual(records) : records) {
      steps[index]?.take(record)
    }
  })
  for (const step of steps) step.end()
  return results
}

/** What comes as words passes once. */
function withoutEqual(records: readonly Rec[]): readonly Rec[] {
  const keyed = records.map((record) => {
    return [JSON.stringify([record.k, record.v, record.at, record.pad]), record] as const
  })
  return [...new Map(keyed).values()]
}

/** Nodes that read an output, by the input they read it with. */
interface Consumers {
  readonly firsts: number[]
  readonly seconds: number[]
}

const nobody: Consumers = { firsts: [], seconds: [] }

/** A node that reads a side output does so through its `side` node. */
function consumersOf(
  nodes: readonly WorkloadNode[],
  index: number,
): { readonly main: Consumers; readonly side: Consumers } {
  const main: Consumers = { firsts: [], seconds: [] }
  const side: Consumers = { firsts: [], seconds: [] }
  nodes.forEach((node, at) => {
    if (node.kind === 'union') {
      if (node.inputs.includes(index)) main.firsts.push(at)
    } else if ('inputs' in node) {
      if (node.inputs[0] === index) main.firsts.push(at)
      if (node.inputs[1] === index) main.seconds.push(at)
    } else if (node.kind !== 'source' && node.input === index) {
      if (node.kind === 'side') side.firsts.push(at)
      else main.firsts.push(at)
    }
  })
  return { main, side }
}

function plain(take: Emit): Step {
  return { take, end() {} }
}

/** Looks at all records together. */
function atTheEnd(evaluateAll: (records: readonly Rec[]) => readonly Rec[], main: Emit): Step {
  const records: Rec[] = []
  return {
    take: (record) => void records.push(record),
    end() {
      for (const result of evaluateAll(records)) main(result)
    },
  }
}

function stepOf(node: WorkloadNode, { main, side }: Outputs): Step {
  switch (node.kind) {
    case 'map':
      return plain((rec) => main({ ...rec, v: rec.v * node.factor }))
    case 'filter':
      return plain((rec) => restOf(rec, node.modulo) !== 0 && main(rec))
    case 'flatMap':
      return plain((rec) => {
        const count = restOf(rec, node.copies + 1)
        for (let copy = 1; copy <= count; copy++) main({ ...rec, v: rec.v * copy })
      })
    case 'group':
      return plain((rec) => main({ ...rec, k: rec.k % node.groups }))
    case 'split':
      return plain((rec) => (restOf(rec, node.modulo) === 0 ? side(rec) : main(rec)))
    case 'process':
      return processOf(node, { main, side })
    case 'window':
      return atTheEnd((records) => windowsOf(node.plan, records), main)
    case 'meet':
      return meeting(main)
    case 'pair':
      return pairs(node.what, node.sizeMs, main)
    case 'helper':
      return helping(node.what, node.n, main)
    case 'hold':
      return plain(({ k, v }) => main({ k, v, at: 0, pad: '' }))
    case 'match':
      return atTheEnd((records) => matchesOf(node.withinMs, records), main)
    case 'rules':
      return ruling(main)
    case 'call':
      return plain((rec) => main({ ...rec, v: rec.v * CALL_FACTOR }))
    case 'expire':
      return plain(({ k, v }) => side({ k, v, at: 0, pad: '' }))
    case 'join':
      return pairing(node.plan, main)
    case 'delay':
      return plain(({ k, v }) => main({ k, v, at: 0, pad: '' }))
    case 'count':
    case 'sum':
    case 'reduce':
    case 'aggregate':
      return runningFold(node.kind, main)
    case 'latest':
    case 'total':
      return lastFold(node.kind, main)
    case 'guard':
    // A history is checked by itself, against the orders.
    case 'bank':
    // What it must have told of each record is checked by itself.
    case 'shredded':
    case 'source':
    case 'side':
    case 'union':
    case 'sink':
      return plain(main)
  }
}

/** What a key has seen so far is kept whole; each result is computed from all of it. */
function runningFold(kind: 'count' | 'sum' | 'reduce' | 'aggregate', main: Emit): Step {
  const seen = new Map<number, Rec[]>()
  return plain((rec) => {
    const { k } = rec
    const records = [...(seen.get(k) ?? []), rec]
    seen.set(k, records)
    const sum = records.reduce((total, { v }) => total + v, 0)
    if (kind === 'count') main({ k, v: records.length, at: 0, pad: '' })
    else if (kind === 'sum') main({ k, v: sum, at: 0, pad: '' })
    else if (kind === 'aggregate') main({ k, v: sum * 100 + records.length, at: 0, pad: '' })
    else main(records.reduce(reduced))
  })
}

function reduced(a: Rec, b: Rec): Rec {
  return { k: b.k, v: (a.v * 31 + b.v) % 1_000_003, at: Math.max(a.at, b.at), pad: b.pad }
}

function lastFold(kind: 'latest' | 'total', main: Emit): Step {
  const held = new Map<number, Rec>()
  return {
    take(rec) {
      if (kind === 'latest') held.set(rec.k, rec)
      else held.set(rec.k, { k: rec.k, v: (held.get(rec.k)?.v ?? 0) + rec.v, at: 0, pad: '' })
    },
    end() {
      for (const rec of held.values()) main(rec)
    },
  }
}

function processOf(
  node: Extract<WorkloadNode, { readonly kind: 'process' }>,
  { main, side }: Outputs,
): Step {
  switch (node.what) {
    case 'states':
      return states(node.sideModulo, main, side)
    case 'ordered': {
      const digestOfRecord = orderedDigests()
      return plain((rec) => main(digestOfRecord(rec)))
    }
    case 'timers':
      return timers(node.isOrdered, main)
    case 'windows':
      return windows(main)
    case 'distinct': {
      const seen = new Set<string>()
      return plain(({ k, v }) => {
        if (seen.has(`${k}/${v}`)) return
        seen.add(`${k}/${v}`)
        main({ k, v, at: 0, pad: '' })
      })
    }
  }
}

function timers(isOrdered: boolean, main: Emit): Step {
  const far = new Set<string>()
  return {
    take({ k, v, at }) {
      main({ k, v: 0, at: at + TIMER_DELAY_MS, pad: '' })
      if (isOrdered && v % 3 < 2) far.add(`${k}/${farOf(v)}`)
      if (isOrdered && v % 3 === 2) far.delete(`${k}/${farOf(v)}`)
    },
    end() {
      for (const timer of far) {
        const [k = 0, at = 0] = timer.split('/').map(Number)
        main({ k, v: 1, at, pad: '' })
      }
    },
  }
}

function windows(main: Emit): Step {
  const sums = new Map<string, number>()
  return {
    take({ k, v, at }) {
      const end = Math.floor(at / WINDOW_MS) * WINDOW_MS + WINDOW_MS
      sums.set(`${k}/${end}`, (sums.get(`${k}/${end}`) ?? 0) + v)
    },
    end() {
      for (const [window, v] of sums) {
        const [k = 0, at = 0] = window.split('/').map(Number)
        main({ k, v, at, pad: '' })
      }
    },
  }
}
