// Searches for inputs that a decoder does not refuse as it should: `npm run fuzz`. Coverage tells
// libFuzzer, by way of Jazzer.js, which inputs lead somewhere new. Findings do not end a search.
import { parseArgs } from 'node:util'
import { recordEvidence } from '../scripts/lib/evidence.ts'
import { flipBytes, type Flips } from '../test/checkpoint/bit-rot.ts'
import { allRotting } from '../test/checkpoint/rotting.ts'
import { installJazzer, search, type Searched } from './lib/jazzer.ts'
import { keepSome } from './lib/inputs.ts'
import type { FuzzTarget } from './lib/target.ts'
import { addToTotal, flipEvidence, fuzzEvidence } from './lib/totals.ts'
import { TARGETS } from './targets/index.ts'

const HELP = `Usage: npm run fuzz -- [flags]

Gives inputs to every decoder of the engine, guided by the code they reach, and says which of them
are not refused as they should be: crashes, hangs, memory out of proportion, prototypes, values that
do not survive a round trip. What is found lies in fuzz/.found/<target>/findings.

Flags:
  --target <name>   Only this decoder; may be given more than once.
  --minutes <m>     Of processor time, for each of them. Default: 5.
  --keep            Make fuzz/corpus of some small inputs that were found.
  --flips <n>       Instead: change one byte of the files of checkpoints and savepoints, plain,
                    encrypted and signed, n times of each kind, and see each refused;
                    --record keeps that in docs/evidence/byte-flips.json.
  --list            Show the decoders.
  --json            Write the result as JSON.
  --record          Keep the figures of all searches so far in docs/evidence/fuzz.json; with
                    --minutes 0 without another search.
  --help            Show this help.

Examples:
  npm run fuzz -- --target values --minutes 1
  npm run fuzz -- --minutes 5 --record

Exit codes: 0 nothing found, 1 something found, 2 wrong usage.
`

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    minutes: { type: 'string', default: '5' },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    flips: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

function usage(problem: string): never {
  process.stderr.write(`fuzz: ${problem}\n\n${HELP}`)
  process.exit(2)
}

function chosen(names: readonly string[] | undefined): readonly FuzzTarget[] {
  const unknown = names?.find((name) => !TARGETS.some((target) => target.name === name))
  if (unknown !== undefined) usage(`there is no target ${unknown}; see --list`)
  return TARGETS.filter(({ name }) => names === undefined || names.includes(name))
}

function row(cells: readonly (string | number)[]): string {
  const [first = '', ...rest] = cells.map((cell) => String(cell))
  return `${first.padEnd(18)}${rest.map((cell) => cell.padStart(12)).join('')}\n`
}

function table(all: readonly Searched[]): string {
  const head = row(['target', 'executions', 'edges', 'features', 'corpus', 'cpu s', 'findings'])
  const body = all.map(({ target, executions, edges, features, corpus, cpuSeconds, findings }) =>
    row([target, executions, edges, features, corpus, Math.round(cpuSeconds), findings.length]),
  )
  return head + body.join('')
}

/** Of fewer, none may be in some kind of file. */
const FLIPS_MIN = 100

async function flip(flips: number): Promise<number> {
  if (!Number.isSafeInteger(flips) || flips < FLIPS_MIN) {
    usage(`--flips ${values.flips} is no count of ${FLIPS_MIN} or more`)
  }
  const startMs = performance.now()
  const all: Flips[] = []
  for (const of of await allRotting()) {
    const done = await flipBytes(of, flips)
    const { name, runs, links, files } = done
    const places = `${runs} in runs, ${links} in links`
    const text = `${name}: ${flips} bytes changed in ${files} files; all were refused: ${places}\n`
    if (!values.json) process.stdout.write(text)
    all.push(done)
  }
  const elapsedSeconds = Math.round((performance.now() - startMs) / 1_000)
  if (values.json) process.stdout.write(`${JSON.stringify(all)}\n`)
  if (values.record) recordEvidence('byte-flips', { ...flipEvidence(all), elapsedSeconds })
  return 0
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (values.flips !== undefined) return flip(Number(values.flips))
  const targets = chosen(values.target)
  const seconds = Math.round(Number(values.minutes) * 60)
  if (!(seconds >= 0)) usage(`--minutes ${values.minutes} is no number of minutes`)
  if (values.list) {
    process.stdout.write(
      targets.map(({ name, decodes }) => `${name.padEnd(18)}${decodes}\n`).join(''),
    )
    return 0
  }
  if (seconds > 0) installJazzer()
  const all: Searched[] = []
  for (const target of seconds > 0 ? targets : []) {
    const isShown = process.stderr.isTTY && !values.json
    const tell = (line: string): void => {
      if (isShown || line.startsWith('FINDING')) process.stderr.write(`${target.name}: ${line}\n`)
    }
    const searched = await search(target, seconds, tell)
    addToTotal(target, searched)
    all.push(searched)
  }
  const isWell = all.every(
    ({ findings, failure }) => findings.length === 0 && failure === undefined,
  )
  if (seconds > 0)
    process.stdout.write(values.json ? `${JSON.stringify(all, undefined, 2)}\n` : table(all))
  for (const { target, findings, failure } of values.json ? [] : all) {
    for (const { kind, message } of findings)
      process.stdout.write(`${target}: ${kind}: ${message}\n`)
    if (failure !== undefined)
      process.stdout.write(`${target}: it ended before its time:\n${failure}\n`)
  }
  if (values.keep) for (const target of targets) keepSome(target)
  if (values.record) recordEvidence('fuzz', fuzzEvidence(TARGETS))
  return isWell ? 0 : 1
}

process.exitCode = await main()
