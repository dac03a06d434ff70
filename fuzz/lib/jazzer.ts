// Runs Jazzer.js for one target in a process of its own and reads what it says.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceForOlderGlibc } from '../jazzer/older-glibc.ts'
import { inputFolder } from './inputs.ts'
import { type Finding, INPUT_BYTES_MAX } from './judge.ts'
import type { FuzzTarget } from './target.ts'

const folder = join(import.meta.dirname, '..')
const modules = join(folder, 'node_modules')
const typescript = join(folder, 'jazzer/typescript.mjs')
const entry = join(folder, 'jazzer/entry.mjs')
const jazzer = join(modules, '@jazzer.js/core/dist/cli.js')
/** What a search has found, which nobody need keep: `npm run fuzz` goes on from it. */
const foundFolder = join(folder, '.found')
/** Beyond that an input hangs, however busy the machine is. */
const HANG_SECONDS = 60

export interface Searched {
  readonly target: string
  readonly executions: number
  /** Edges of the code that were reached. */
  readonly edges: number
  /** Edges with how often, and comparisons: what libFuzzer calls features. */
  readonly features: number
  /** Inputs that each lead somewhere new. */
  readonly corpus: number
  readonly cpuSeconds: number
  readonly findings: readonly Finding[]
  /** Set if the process did not come to its end. */
  readonly failure?: string
}

/** Installs Jazzer.js where it is not there, or not the one of the lockfile. */
export function installJazzer(): void {
  const wanted = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  const stamp = join(modules, '.installed')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    process.stderr.write('fuzz: installing Jazzer.js into fuzz/node_modules …\n')
    const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    const npm = process.env['npm_execpath']
    const result = npm?.endsWith('.js')
      ? spawnSync(process.execPath, [npm, ...flags], { cwd: folder, stdio: ['ignore', 2, 2] })
      : spawnSync('npm', flags, { cwd: folder, stdio: ['ignore', 2, 2] })
    if (result.status !== 0) throw new Error('npm ci failed in fuzz/, see above')
    writeFileSync(stamp, wanted)
  }
  requireAddon()
}

function requireAddon(): void {
  const name = `fuzzer-${process.platform}-${process.arch}.node`
  const addon = join(modules, '@jazzer.js/fuzzer/prebuilds', name)
  const load = () => spawnSync(process.execPath, ['-e', `require(${JSON.stringify(addon)})`])
  const first = load()
  if (first.status === 0) return
  if (/GLIBC(XX)?_/.test(String(first.stderr))) replaceForOlderGlibc(addon)
  const second = load()
  if (second.status !== 0) throw new Error(`Jazzer.js does not run here: ${String(second.stderr)}`)
}

/** Searches for so long of processor time; `tell` is given a line now and then. */
export async function search(
  target: FuzzTarget,
  cpuSeconds: number,
  tell: (line: string) => void,
): Promise<Searched> {
  const folders = prepared(target)
  let all = await searchOnce(target, folders, cpuSeconds, tell)
  // A process that shares its processor gets less of it; each goes on from what was found before.
  while (all.failure === undefined && all.cpuSeconds < cpuSeconds) {
    const left = Math.max(5, cpuSeconds - all.cpuSeconds)
    all = together(all, await searchOnce(target, folders, left, tell))
  }
  return all
}

function together(a: Searched, b: Searched): Searched {
  const keys = new Set(a.findings.map(({ key }) => key))
  return {
    ...b,
    executions: a.executions + b.executions,
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
    findings: [...a.findings, ...b.findings.filter(({ key }) => !keys.has(key))],
  }
}

interface Folders {
  /** The first is added to. */
  readonly inputs: readonly string[]
  readonly findings: string
}

function prepared(target: FuzzTarget): Folders {
  const own = join(foundFolder, target.name)
  const findings = join(own, 'findings')
  const seeds = join(own, 'seeds')
  for (const each of [findings, seeds]) rmSync(each, { recursive: true, force: true })
  const kept = [inputFolder('corpus', target), inputFolder('regressions', target)]
  const inputs = [join(own, 'corpus'), seeds, ...kept.filter((each) => existsSync(each))]
  for (const each of [findings, ...inputs]) mkdirSync(each, { recursive: true })
  const first = [...target.seeds(), ...(target.unsound?.() ?? [])]
  for (const [at, bytes] of first.entries()) writeFileSync(join(seeds, `seed-${at}`), bytes)
  return { inputs, findings }
}

async function searchOnce(
  target: FuzzTarget,
  { inputs, findings }: Folders,
  seconds: number,
  tell: (line: string) => void,
): Promise<Searched> {
  const own = target.isAsync === true ? [] : ['--sync']
  const ofLibFuzzer = [
    `-max_total_time=${Math.ceil(seconds)}`,
    `-max_len=${INPUT_BYTES_MAX}`,
    `-timeout=${HANG_SECONDS}`,
    `-artifact_prefix=${findings}/`,
    '-rss_limit_mb=2048',
    '-print_final_stats=1',
  ]
  const instrumented = ['-i', join(folder, '../src/'), '--disable_bug_detectors', '.*']
  const node = ['--conditions=millrace-source', '--no-warnings', '--import', typescript]
  const args = [...node, jazzer, entry, ...inputs, ...instrumented, ...own, '--', ...ofLibFuzzer]
  const env = { ...process.env, FUZZ_TARGET: target.name, FUZZ_FOUND: findings }
  return read(target, findings, await outputOf(args, env, tell))
}

interface Output {
  readonly text: string
  readonly status: number | null
}

function outputOf(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  tell: (line: string) => void,
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let text = ''
    child.stderr.setEncoding('utf8')
    child.stderr.on('data', (chunk: string) => {
      // The end tells the figures; it is said before it, too, but by the megabyte.
      text = (text + chunk).slice(-64 * 1024)
      for (const line of chunk.split('\n')) if (/^FINDING|^#\d+\s+pulse/.test(line)) tell(line)
    })
    child.on('error', reject)
    child.on('close', (status) => resolve({ text, status }))
  })
}

function read(target: FuzzTarget, findings: string, { text, status }: Output): Searched {
  const path = join(findings, 'result.json')
  const figures = [...text.matchAll(/cov: (\d+) ft: (\d+) corp: (\d+)/g)].at(-1)
  const [, edges = '0', features = '0', corpus = '0'] = figures ?? []
  const executions = /stat::number_of_executed_units: (\d+)/.exec(text)?.[1]
  // Written by `entry.mjs` when the process ends by itself.
  const result = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as Pick<Searched, 'cpuSeconds' | 'findings'>)
    : undefined
  return {
    target: target.name,
    executions: Number(executions ?? /.*^#(\d+)/ms.exec(text)?.[1] ?? 0),
    edges: Number(edges),
    features: Number(features),
    corpus: Number(corpus),
    cpuSeconds: result?.cpuSeconds ?? 0,
    findings: result?.findings ?? [],
    ...(status === 0 && result !== undefined ? {} : { failure: text.slice(-2_000) }),
  }
}
