/** The workload of which histories are made: nothing but a bank. */
import type { Random } from '../../src/util/random.ts'
import { generateSources } from './sources.ts'
import type { Workload } from './workload.ts'

/** A bank that takes orders from all sources, and nothing else. */
export function generateBank(random: Random): Workload {
  const sources = generateSources(random.fork('data'), undefined)
  const orders = sources.map((_, source) => ({ kind: 'source', source }) as const)
  const union = { kind: 'union', inputs: sources.map((_, source) => source) } as const
  const [input, key] = [sources.length, 'number'] as const
  const nodes = [
    ...orders,
    union,
    { kind: 'bank', input, uid: 'bank', key } as const,
    { kind: 'sink', input: input + 1, uid: 'history', compare: 'history' } as const,
  ]
  return { sources, nodes, typed: random.int(2) === 0, lastingWriters: random.int(3) === 0 }
}
