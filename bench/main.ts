/**
 * `npm run bench [-- name …] [--rounds n] [--json file]`: runs the programs of this folder, one
 * after the other, and prints the machine and a table. Without names, those that have figures in a
 * table; codec, runs and file-lines print their own and are run by name.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Figure, median, messagesOf, printFigures, printHeader, ratioOf } from './lib.ts'

const BY_DEFAULT = [
  'word-count',
  'keyed-sum',
  'checkpoint',
  'exchange',
  'timers',
  'joins',
  'larger-than-memory',
  'memory',
  'operators',
  'windows',
]

function machine() {
  const [cpu] = cpus()
  let commit = 'unknown'
  try {
    commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    // not a clone
  }
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    node: process.version,
    commit,
    load: loadavg()[0] ?? 0,
  }
}

function pathOf(name: string): string {
  const path = fileURLToPath(new URL(`./${name}.ts`, import.meta.url))
  if (!existsSync(path)) throw new Error(`there is no bench/${name}.ts`)
  return path
}

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'string' } },
  allowPositionals: true,
})
const names = positionals.length === 0 ? BY_DEFAULT : positionals
const paths = names.map(pathOf)
const { cpu, cores, memoryGb, node, commit, load } = machine()
console.log(`${cpu}, ${cores} cores, ${memoryGb} GB, Node ${node}, commit ${commit}`)
console.log(`${values.rounds} rounds; load of the machine at the start: ${load.toFixed(2)}\n`)
printHeader()
const all: Figure[] = []
for (const path of paths) {
  for (const message of await messagesOf(path, ['--rounds', values.rounds])) {
    const figures = message as readonly Figure[] // programs send nothing else
    printFigures(figures)
    all.push(...figures)
  }
}
if (values.json !== undefined) {
  const figures = all.map((figure) => ({
    ...figure,
    median: median(figure.values),
    ratio: ratioOf(figure),
  }))
  const at = new Date().toISOString()
  writeFileSync(values.json, JSON.stringify({ at, machine: machine(), figures }, undefined, 2))
}
