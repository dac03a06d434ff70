// What the long runs have found, each kept as a file of docs/evidence: the figures themselves, and
// what makes them comparable: the commit, the command, the machine. Nothing in them is typed by
// hand; `scripts/evidence.ts` makes docs/evidence.md of them, and a test compares the two.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { root } from './process.ts'

/** Of one long run. All texts are Markdown within a line. */
export interface Evidence {
  /** What was run, as the heading of a section: `Deterministic simulation`. */
  readonly title: string
  /** What the figures say, in a sentence or two. */
  readonly claim: string
  /** The command that does it again, as a user types it. */
  readonly command: string
  /** False if the run found a violation, or fell short of what it is to reach. */
  readonly isWell: boolean
  /** The figures that count, in the order of importance: `['seeds', 10_000]`. */
  readonly figures: readonly (readonly [label: string, value: number | string])[]
  /** Longer lists: faults by kind, findings by target. */
  readonly tables?: readonly EvidenceTable[]
  readonly elapsedSeconds: number
}

export interface EvidenceTable {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (number | string)[])[]
}

export interface RecordedEvidence extends Evidence {
  /** What was run is this commit. */
  readonly commit: string
  /** Files of src/ and of the tests differed from the commit. */
  readonly isChanged: boolean
  /** Day of the run, as `2026-11-21`. */
  readonly day: string
  readonly machine: string
}

export const EVIDENCE_FOLDER = 'docs/evidence'

/** What there should be evidence of, in the order of the page: file names without their ending. */
export const EVIDENCE_NAMES = [
  'simulation',
  'production-files',
  'planted-bugs',
  'crash-points',
  'chaos',
  'models',
  'interleavings',
  'fuzz',
  'byte-flips',
  'mutation',
  'coverage',
] as const

export type EvidenceName = (typeof EVIDENCE_NAMES)[number]

/** Writes `docs/evidence/<name>.json`; what was recorded there before is replaced. */
export function recordEvidence(name: EvidenceName, evidence: Evidence): void {
  mkdirSync(join(root, EVIDENCE_FOLDER), { recursive: true })
  const recorded: RecordedEvidence = {
    ...evidence,
    commit: currentCommit(),
    isChanged: git('status', '--porcelain', '--', ':!docs', ':!CHANGELOG.md') !== '',
    day: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
  }
  writeFileSync(pathOf(name), `${JSON.stringify(recorded, undefined, 2)}\n`)
}

/** What is recorded, by name. */
export function readEvidence(): ReadonlyMap<EvidenceName, RecordedEvidence> {
  const records = new Map<EvidenceName, RecordedEvidence>()
  for (const name of EVIDENCE_NAMES) {
    const path = pathOf(name)
    // Written by `recordEvidence` alone.
    const read = () => JSON.parse(readFileSync(path, 'utf8')) as RecordedEvidence
    if (existsSync(path)) records.set(name, read())
  }
  return records
}

/** The commit that is checked out, in ten digits. */
export function currentCommit(): string {
  return git('rev-parse', '--short=10', 'HEAD')
}

function pathOf(name: EvidenceName): string {
  return join(root, EVIDENCE_FOLDER, `${name}.json`)
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
}

function describeMachine(): string {
  const [first] = cpus()
  const memoryGiB = Math.round(totalmem() / 1024 ** 3)
  const processor = first?.model.replace(/\s+/g, ' ').trim() ?? 'unknown processor'
  return (
    `${cpus().length} × ${processor}, ${memoryGiB} GiB, ` +
    `${process.platform} ${process.arch}, Node ${process.versions.node}`
  )
}
