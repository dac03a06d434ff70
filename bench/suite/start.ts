/**
 * How long from the start of a process until its first result, of a job that counts ten words? The
 * process is one as a user has it: the built package, no sources that have to be translated. How
 * much memory it has taken until then is told where the system does.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inFolder } from '../lib.ts'
import { textHash } from './checksum.ts'
import type { Engine, Measured } from './contract.ts'

const programs: Readonly<Partial<Record<Engine, string>>> = {
  millrace: '../start/millrace.mjs',
  'by-hand': '../start/by-hand.mjs',
  rxjs: '../peers/start.mjs',
}

/** @param flinkClassPath undefined: only others are started. */
export function start(engine: Engine, flinkClassPath: string | undefined): Promise<Measured> {
  return inFolder(async (folder) => {
    if (engine === 'flink') {
      return measure('java', ['-Xmx1g', '-cp', flinkClassPath ?? '', 'First', folder])
    }
    const program = programs[engine]
    if (program === undefined) throw new Error(`there is no program to start ${engine}`)
    return measure(process.execPath, [join(import.meta.dirname, program), folder])
  })
}

async function measure(command: string, args: readonly string[]): Promise<Measured> {
  // A user's process has no cache of translated sources from former runs of ours.
  const { NODE_COMPILE_CACHE: _cache, NODE_OPTIONS: _options, ...env } = process.env
  const begun = performance.now()
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [printed, complaints] = ['', '']
  let ms = 0
  let memoryMb: number | undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (printed === '') {
      ms = performance.now() - begun
      memoryMb = peakMb(child.pid)
    }
    printed += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const [code] = (await once(child, 'close')) as [number | null] // an error rejects
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${complaints}`)
  const lines = printed.split('\n').filter((line) => line !== '')
  const checksum = (textHash(lines.toSorted().join('\n')) >>> 0).toString(16)
  const measured = { ms, output: { count: lines.length, checksum } }
  return memoryMb === undefined ? measured : { ...measured, memoryMb }
}

/** The most memory that a process has had until now; undefined where that is not told. */
function peakMb(pid: number | undefined): number | undefined {
  const file = `/proc/${pid}/status`
  if (!existsSync(file)) return undefined
  const kb = /VmHWM:\s*(\d+)/.exec(readFileSync(file, 'utf8'))?.[1]
  return kb === undefined ? undefined : Number(kb) / 1024
}
