/**
 * How much memory does the word count of `npm start` take? Its process counts a book over and over,
 * with a checkpoint each two seconds; what is resident is asked of the system while records flow.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { benchmark, type Figure, inFolder, type Measures, median, type Rounds } from './lib.ts'

const PASSES = 25
const LOOK_EVERY_MS = 200
const backends = ['hashmap', 'rocksdb'] as const

function measure(backend: 'hashmap' | 'rocksdb'): Promise<Measures> {
  return inFolder(async (cwd) => {
    const main = fileURLToPath(new URL('../examples/word-count/main.ts', import.meta.url))
    const args = ['--conditions=millrace-source', main]
    args.push('--passes', String(PASSES), '--backend', backend)
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
    const seen: number[] = []
    const timer = setInterval(() => {
      const kilobytes = execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)])
      seen.push((Number(kilobytes) * 1024) / 1e6)
    }, LOOK_EVERY_MS)
    const [code] = await once(child, 'exit')
    clearInterval(timer)
    if (code !== 0) throw new Error(`the word count ended with code ${code}`)
    return { medianMb: median(seen), peakMb: Math.max(...seen) }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  return backends.flatMap((backend): Figure[] => {
    const name = `memory of npm start, ${backend}`
    const values = (measured: string): readonly number[] => rounds.values(backend, measured)
    return [
      { name, values: values('medianMb'), unit: 'MB', target: { atMost: 300 } },
      { name: `${name}, peak`, values: values('peakMb'), unit: 'MB' },
    ]
  })
}

const contenders = backends.map((backend) => [backend, () => measure(backend)] as const)
await benchmark({ contenders: Object.fromEntries(contenders), figures })
