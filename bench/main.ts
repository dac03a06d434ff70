/**
 * `npm run bench [-- name …]`: runs suites, which compare Millrace with others on the same input,
 * and programs of this folder, which measure it alone, one after the other; prints the machine and
 * tables. `--help` says the rest.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Figure, median, messagesOf, printFigures, printHeader, ratioOf } from './lib.ts'
import { machine, machineLine } from './machine.ts'
import { parseCommandLine } from './options.ts'
import { runSuites, type SuiteResult } from './suite/run.ts'

const options = parseCommandLine(process.argv.slice(2))
const { programs, suites, rounds, records, checkpointSeconds, isJson, out } = options
const at = new Date().toISOString()
const here = machine()
const say = (line: string): void => {
  if (!isJson) console.log(line)
}

let compared: SuiteResult | undefined
const all: Figure[] = []

function document(): string {
  const figures = all.map((figure) => {
    return { ...figure, median: median(figure.values), ratio: ratioOf(figure) }
  })
  const asked = { rounds, records, checkpointSeconds }
  const whole = { at, machine: here, asked, figures, ...compared }
  return `${JSON.stringify(whole, undefined, 2)}\n`
}

/** After each cell and at the end: an hour of measuring is not lost with the last one. */
function keep(): void {
  if (out === undefined) return
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, document())
}

say(machineLine(here))
say(`${rounds} rounds; load of the machine at the start: ${here.load.toFixed(2)}\n`)
if (programs.length > 0 && !isJson) printHeader()
for (const path of programs) {
  for (const message of await messagesOf(path, ['--rounds', String(rounds)])) {
    const figures = message as readonly Figure[] // programs send nothing else
    if (!isJson) printFigures(figures)
    all.push(...figures)
  }
}
if (suites.length > 0) {
  compared = await runSuites(options, {
    say,
    keep(result) {
      compared = result
      keep()
    },
  })
}
keep()
if (isJson) process.stdout.write(document())
if ((compared?.problems ?? []).length > 0) process.exitCode = 1
