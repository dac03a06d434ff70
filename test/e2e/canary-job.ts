/**
 * A job whose records, keys, state and output hold words that are found wherever they lie, and the
 * search for them in every byte of what the job leaves on the disk and says. Nothing is compressed,
 * or nothing could be found in a file that is not encrypted either.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { jobModule, type Project } from './project.ts'

const WORDS = ['canary-key-4711', 'canary-value-0815']
export const CANARIES: readonly Buffer[] = [
  ...WORDS.flatMap((word) => [Buffer.from(word), Buffer.from(word, 'utf16le')]),
  ...['Y2FuYXJ5', '63616e617279'].map((text) => Buffer.from(text)),
]
/** Each of so many records that what finds no room in memory waits on disk. */
const BURSTS = 20
const KEYS = 50
const EACH = (BURSTS * 2_000) / KEYS
/** Of each key every so-manieth record becomes output. */
const SHOWN = 4

/** Counts heavy records by key, between two workers, and writes some of them out. */
export function canaryJob(burstsPerSecond: number, busyMs: number): string {
  return jobModule(
    'secret',
    [
      'const bursts = dataGenerator({',
      '  generate: (burst) => burst,',
      `  count: ${BURSTS},`,
      `  ratePerSecond: ${burstsPerSecond},`,
      '})',
      "const filler = 'canary-value-0815 '.repeat(120)",
      'const counting = keyedProcess({',
      '  key: t.string,',
      '  state: { last: valueState(t.string), total: valueState(t.int32) },',
      '  processElement({ index, text }, { state: { last, total } }, out) {',
      `    for (const until = performance.now() + ${busyMs}; performance.now() < until; );`,
      '    const count = (total.value() ?? 0) + 1',
      '    total.update(count)',
      '    last.update(text + index)',
      `    const key = 'canary-key-4711-' + (index % ${KEYS})`,
      `    if (count % ${SHOWN} === 0) out.collect({ key, count, text })`,
      '  },',
      '})',
      'env',
      "  .fromSource('bursts', bursts)",
      '  .flatMap(() => Array.from({ length: 2_000 }, (_, index) => ({ index, text: filler })))',
      `  .keyBy(({ index }) => 'canary-key-4711-' + (index % ${KEYS}), t.string)`,
      "  .process('counting', counting)",
      "  .sinkTo('out', fileSink({ path: 'out', format: 'json-lines' }))",
    ].join('\n'),
    "parallelism: 2, outboxBytes: '64 KiB', state: { localRecovery: 'on' }, " +
      "checkpointing: { interval: '60 ms', compression: 'none' }",
  )
}

/** What is visible in the end, sorted. */
export const expectedOutput: readonly string[] = Array.from({ length: KEYS }, (_, key) =>
  Array.from({ length: EACH / SHOWN }, (_, at) => `canary-key-4711-${key} ${(at + 1) * SHOWN}`),
)
  .flat()
  .toSorted()

export function visibleOutput({ path }: Project): readonly string[] {
  const files = filesBelow(join(path, 'out')).filter((file) => !file.includes('/.'))
  const lines = files.flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))
  return lines
    .map((line) => {
      // As the job wrote it.
      const { key, count } = JSON.parse(line) as { readonly key: string; readonly count: number }
      return `${key} ${count}`
    })
    .toSorted()
}

/** What there is of a job on the disk: each holds records, state or both. */
const KINDS = {
  checkpoints: /\/checkpoints\/runs\//,
  copies: /\/copies\/.*\.run/,
  spill: /\/secret\/state\//,
  pending: /\/out\/\.pending-/,
} as const

export type Kind = keyof typeof KINDS
export const ALL_KINDS = Object.keys(KINDS).length

/** Every file below a folder; those that go meanwhile may be among them. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

export function hasCanary(bytes: Buffer): boolean {
  return CANARIES.some((canary) => bytes.includes(canary))
}

export interface Looked {
  /** Kinds of which there are files that are not empty, */
  readonly seen: Set<Kind>
  /** and in which something can be read. */
  readonly readable: Set<Kind>
  /** Files of no kind in which something can be read. */
  readonly others: string[]
}

/**
 * Reads every byte of every file, but for what the user put there and what is visible output, or
 * about to be: that is the user's.
 */
export function look({ path }: Project): Looked {
  const looked: Looked = { seen: new Set(), readable: new Set(), others: [] }
  for (const file of [...filesIn(join(path, '.millrace')), ...filesIn(join(path, 'out'))]) {
    if (/\/out\/(part-|\.clear-)/.test(file)) continue
    const bytes = bytesOf(file)
    if (bytes.length === 0) continue
    // The names of the object above.
    const kinds = Object.keys(KINDS) as Kind[]
    const kind = kinds.find((each) => KINDS[each].test(file))
    if (kind !== undefined) looked.seen.add(kind)
    if (!hasCanary(bytes)) continue
    if (kind === undefined) looked.others.push(file)
    else looked.readable.add(kind)
  }
  return looked
}

export function requireNothingReadable(place: Project): void {
  const { readable, others } = look(place)
  assert.deepEqual([...readable, ...others], [])
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

/** Of a job that runs: its files come and go. */
function filesIn(folder: string): readonly string[] {
  try {
    return isThere(folder) ? filesBelow(folder) : []
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    if (isGone(error)) return Buffer.alloc(0)
    throw error
  }
}

const isGone = (error: unknown): boolean => Reflect.get(Object(error), 'code') === 'ENOENT'
