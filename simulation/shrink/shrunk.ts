/**
 * What a seed is reduced by: fewer starts, faults and people, and less of its workload. Together
 * with the seed's number it names a case, and as JSON it is short enough for a command line.
 */
import { FAULT_KINDS, type FaultKind } from '../fault-kinds.ts'
import { TIME_UNITS, type TimeUnit } from '../time-scale.ts'

/** What may be left out as a whole. */
export const PASTIMES = ['requests', 'standbys', 'commands', 'forks'] as const
export type Pastime = (typeof PASTIMES)[number]

/** A step that makes a workload smaller; numbers are indexes in what the step before has left. */
export type WorkloadCut =
  /** A node and all that depends on it. */
  | readonly ['cut', number]
  /** A node: what reads it reads its input. */
  | readonly ['skip', number]
  | readonly ['split', source: number, split: number]
  /** Of a split's records: so many from this one on. */
  | readonly ['records', source: number, split: number, from: number, count: number]

export interface Shrunk {
  /** Another history: all but workload and times is drawn anew. */
  readonly roll?: number
  readonly unit?: TimeUnit
  /** Disturbed starts at most. */
  readonly starts?: number
  readonly without?: readonly FaultKind[] | 'all'
  readonly calm?: readonly Pastime[]
  readonly cuts?: readonly WorkloadCut[]
}

/** @throws Error that says what is wrong. */
export function parseShrunk(text: string): Shrunk {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('it is no object')
  }
  for (const [name, held] of Object.entries(value)) {
    if (!isField(name, held)) throw new Error(`${name} cannot be ${JSON.stringify(held)}`)
  }
  return value // each field has just been checked
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0

const isListOf = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isItem)

const isOneOf = (names: readonly string[]) => (value: unknown) =>
  typeof value === 'string' && names.includes(value)

const INDEXES: Readonly<Record<string, number>> = { cut: 1, skip: 1, split: 2, records: 4 }

function isField(name: string, value: unknown): boolean {
  switch (name) {
    case 'roll':
    case 'starts':
      return isCount(value)
    case 'unit':
      return isOneOf(TIME_UNITS)(value)
    case 'without':
      return value === 'all' || isListOf(value, isOneOf(FAULT_KINDS))
    case 'calm':
      return isListOf(value, isOneOf(PASTIMES))
    case 'cuts':
      return isListOf(value, (cut) => {
        if (!Array.isArray(cut)) return false
        const [kind, ...indexes]: readonly unknown[] = cut
        return INDEXES[String(kind)] === indexes.length && indexes.every(isCount)
      })
    default:
      return false
  }
}
