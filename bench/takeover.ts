/**
 * How long output is missing when a standby takes over, on one machine: from the last line that the
 * old leader made visible to the first line that the new one makes, by the clock of the job itself;
 * after `kill -9`, and after SIGSTOP with a lease of five seconds. Medians over rounds.
 *
 *     node --conditions=millrace-source bench/takeover.ts --rounds 5
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { checkCounts, visibleLines } from '../test/e2e/watched-output.ts'
import { Watched } from '../test/e2e/watched.ts'

const TAKING_OVER = 'millrace:job:taking-over'
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, lease: { type: 'string', default: '5 s' } },
})

/** The gap in ms, of which the interval of checkpoints (60 ms) is a part. */
async function gapAfter(signal: 'SIGKILL' | 'SIGSTOP'): Promise<number> {
  const watched = new Watched({ rate: 1_000, lease: values.lease, interval: '60 ms' })
  try {
    const leader = watched.run()
    await leader.logged('millrace:job:started')
    const standby = await watched.standby()
    // Until the leader has seen it and renews.
    await watched.more(8_000)
    leader.kill(signal)
    const killedMs = Date.now()
    await standby.logged(TAKING_OVER)
    await watched.more(500)
    const lines = visibleLines(watched.output)
    const before = lines.filter(({ atMs }) => atMs <= killedMs).at(-1)
    const after = lines.find(({ atMs }) => atMs > killedMs)
    if (before === undefined || after === undefined) throw new Error('there is no gap')
    leader.kill('SIGKILL')
    await watched.command('stop', 'watched')
    checkCounts(watched.output)
    return after.atMs - before.atMs
  } finally {
    await watched.close()
  }
}

async function measure(signal: 'SIGKILL' | 'SIGSTOP'): Promise<void> {
  const gaps: number[] = []
  for (let round = 0; round < Number(values.rounds); round++) gaps.push(await gapAfter(signal))
  const sorted = gaps.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  process.stdout.write(`${signal}: gap of ${median} ms (median of ${sorted.join(', ')})\n`)
}

process.stdout.write(`${cpus()[0]?.model ?? 'unknown'} × ${cpus().length}, lease ${values.lease}\n`)
await measure('SIGKILL')
await measure('SIGSTOP')
