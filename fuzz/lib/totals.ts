// What is kept as evidence. All searches of a target add up in `.found/<target>/total.json`, for
// five minutes of processor time for each are hours, which need not be one run.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Evidence } from '../../scripts/lib/evidence.ts'
import { inputFolder, inputsIn } from './inputs.ts'
import type { Searched } from './jazzer.ts'
import type { Flips } from '../../test/checkpoint/bit-rot.ts'
import type { FuzzTarget } from './target.ts'

const SECONDS_WANTED = 300
const FLIPS_WANTED = 10_000
const foundFolder = join(import.meta.dirname, '../.found')

/** Executions and processor time of all searches; what was reached and found is the newest's. */
type Total = Omit<Searched, 'findings' | 'failure'> & { readonly findings: number }

function pathOf(target: string): string {
  return join(foundFolder, target, 'total.json')
}

function totalOf({ name }: FuzzTarget): Total {
  const path = pathOf(name)
  const none = { executions: 0, edges: 0, features: 0, corpus: 0, cpuSeconds: 0, findings: 0 }
  if (!existsSync(path)) return { target: name, ...none }
  return JSON.parse(readFileSync(path, 'utf8')) as Total // `addToTotal` wrote it
}

export function addToTotal(target: FuzzTarget, { failure, ...searched }: Searched): void {
  const before = totalOf(target)
  const total: Total = {
    ...searched,
    executions: before.executions + searched.executions,
    cpuSeconds: before.cpuSeconds + searched.cpuSeconds,
    findings: searched.findings.length + (failure === undefined ? 0 : 1),
  }
  writeFileSync(pathOf(target.name), `${JSON.stringify(total)}\n`)
}

/** Of all targets, also those that were not searched. */
export function fuzzEvidence(targets: readonly FuzzTarget[]): Evidence {
  const totals = targets.map(totalOf)
  const sum = (of: (total: Total) => number) => totals.reduce((all, each) => all + of(each), 0)
  const fixed = (target: FuzzTarget) => inputsIn(inputFolder('regressions', target)).length
  const findings = sum((total) => total.findings)
  const seconds = sum(({ cpuSeconds }) => cpuSeconds)
  const rows = targets.map((target, at) => {
    const {
      executions = 0,
      edges = 0,
      features = 0,
      cpuSeconds = 0,
      findings: open = 0,
    } = totals[at] ?? {}
    const reached = [executions, Math.round(cpuSeconds), edges, features]
    return [target.name, target.decodes, ...reached, open, fixed(target)]
  })
  return {
    title: 'Fuzzing of decoders',
    claim:
      'Every decoder of bytes or text from outside refuses what is wrong with a coded error, ' +
      'within a second and bounded memory, for inputs that coverage guides to new places. ' +
      'The figures are of all searches since the corpus was begun.',
    command: 'npm run fuzz -- --minutes 5 --record',
    isWell: findings === 0 && totals.every(({ cpuSeconds }) => cpuSeconds > 0),
    figures: [
      ['decoders', targets.length],
      ['executions', sum(({ executions }) => executions)],
      ['minutes of processor time', Math.round(seconds / 6) / 10],
      [
        'decoders with the five minutes each is to have',
        totals.filter((each) => each.cpuSeconds >= SECONDS_WANTED).length,
      ],
      ['edges of the code reached, summed', sum(({ edges }) => edges)],
      ['open findings', findings],
      ['inputs of former findings, replayed', targets.reduce((all, each) => all + fixed(each), 0)],
    ],
    tables: [
      {
        title: 'By decoder',
        columns: ['target', 'decodes', 'executions', 'cpu s', 'edges', 'features', 'open', 'fixed'],
        rows,
      },
    ],
    elapsedSeconds: Math.round(seconds),
  }
}

/** Of single bytes that were changed in files of checkpoints, by what the files are. */
export function flipEvidence(all: readonly Flips[]): Omit<Evidence, 'elapsedSeconds'> {
  const sum = (count: (each: Flips) => number): number =>
    all.reduce((total, each) => total + count(each), 0)
  const [flips, runs, links] = [
    sum((each) => each.flips),
    sum((each) => each.runs),
    sum((each) => each.links),
  ]
  const ofEach = all[0]?.flips ?? 0
  return {
    title: 'Changed bytes',
    claim:
      'One byte of the files of checkpoints or of a savepoint changes, in one or more bits; ' +
      'whatever reads the file refuses it as damage, or gives what it gave before. The same with ' +
      'files that are encrypted or signed.',
    command: `npm run fuzz -- --flips ${ofEach} --record`,
    isWell: runs + links === flips && all.every((each) => each.flips >= FLIPS_WANTED),
    figures: [
      ['changed bytes', flips],
      ['refused in runs', runs],
      ['refused in links of the chain', links],
      ['believed', flips - runs - links],
      ['files', sum((each) => each.files)],
    ],
    tables: [
      {
        title: 'By what the files are',
        columns: ['', 'changed bytes', 'refused in runs', 'refused in links', 'files'],
        rows: all.map((each) => [each.name, each.flips, each.runs, each.links, each.files]),
      },
    ],
  }
}
