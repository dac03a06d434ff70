/**
 * Apache Flink in one warm process for all runs: `bench/flink`, built by Maven once, which takes a
 * request per line. Where Java or Maven is missing there is none, and it is said why.
 */
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { buildJava } from '../../scripts/lib/maven.ts'
import type { Measured, Task } from './contract.ts'

const JAVA_MAJOR_MIN = 17
const HEAP = ['-Xms4g', '-Xmx4g']
const OPENED = ['lang', 'net', 'io', 'nio', 'util', 'util.concurrent', 'time'].flatMap((name) => [
  '--add-opens',
  `java.base/java.${name}=ALL-UNNAMED`,
])
const LOG_CHARACTERS_MAX = 20_000

/** What the process answers. */
type Answer =
  | { readonly ready: string }
  | { readonly error: string }
  | {
      readonly ms: number
      readonly cpuMs: number
      readonly count: number
      readonly checksum: string
      readonly records?: number
      readonly measures?: Readonly<Record<string, number>>
    }

/** Why there can be no Flink here; undefined if there can. */
export function whyNoFlink(): string | undefined {
  const needed = `Java ${JAVA_MAJOR_MIN} or newer and Maven are needed`
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  if (java.error !== undefined) return `there is no java; ${needed}`
  const major = Number(/version "(\d+)/.exec(java.stderr)?.[1])
  if (!(major >= JAVA_MAJOR_MIN)) return `java is of version ${major}; ${needed}`
  for (const program of ['javac', 'mvn']) {
    if (spawnSync(program, ['-version']).error !== undefined) {
      return `there is no ${program}; ${needed}`
    }
  }
  return undefined
}

export class Flink {
  readonly classPath: string
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-flink-'))
  readonly #answers: AsyncIterator<string>
  #log = ''

  private constructor(classPath: string) {
    this.classPath = classPath
    const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
    const args = [...HEAP, ...OPENED, quiet, '-cp', classPath, 'Bench']
    this.#child = spawn('java', args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-LOG_CHARACTERS_MAX)
    })
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  /** Builds it, if that was not done before, and starts it. */
  static async start(): Promise<Flink> {
    const module = join(import.meta.dirname, '../flink')
    const sources = readdirSync(module).filter((name) => name.endsWith('.java'))
    const { classPath } = await buildJava('millrace-bench', {
      name: 'flink',
      pom: join(module, 'pom.xml'),
      sources: sources.map((name) => join(module, name)),
    })
    const flink = new Flink(classPath)
    await flink.#answer()
    return flink
  }

  /** @throws with Flink's own words if the job fails. */
  async run({ backend, ...task }: Task): Promise<Measured> {
    const request = {
      ...task,
      backend: backend === 'memory' ? 'hashmap' : 'rocksdb',
      folder: this.#folder,
    }
    const parts = Object.entries(request).map(([name, value]) => `${name}=${value}`)
    this.#child.stdin.write(`${parts.join('\t')}\n`)
    const answer = await this.#answer()
    if ('error' in answer) throw new Error(`Flink: ${answer.error}`)
    if (!('ms' in answer)) throw new Error('Flink answered something else')
    const { count, checksum, ...measured } = answer
    return { ...measured, output: { count, checksum } }
  }

  async #answer(): Promise<Answer> {
    const { value, done } = await this.#answers.next()
    if (done === true) throw new Error(`Flink ended:\n${this.#log}`)
    return JSON.parse(value) as Answer // as Bench.java writes it
  }

  async close(): Promise<void> {
    const isRunning = this.#child.exitCode === null && this.#child.signalCode === null
    this.#child.stdin.end()
    if (isRunning) await once(this.#child, 'exit')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
