/**
 * Many takeovers of one running job by real processes: the leader is killed, stopped, or killed at
 * a named point of the engine, or hands over; whoever stands by goes on. At the end every line of
 * every key must be visible once.
 *
 *     node --conditions=millrace-source test/takeover/main.ts                 # 100 takeovers
 *     node --conditions=millrace-source test/takeover/main.ts --rounds 10 --parallelism 2 --seed 7
 */
import { parseArgs } from 'node:util'
import { SeededRandom } from '../../src/util/random.ts'
import { checkCounts } from './output.ts'
import { type RunningProcess, Watched } from './processes.ts'

/** Places at which a leader is killed, in turn: in a checkpoint's phases, and in a takeover. */
const KILL_POINTS = [
  'run-write',
  'run-after-close',
  'before-manifest',
  'after-manifest',
  'before-commit',
  'after-commit',
  'gc-link-deleted',
  'before-fence',
  'after-fence',
  'taken-over',
  'restored',
]
const TAKING_OVER = 'millrace:job:taking-over'
const LINES_BETWEEN = 150
const STANDBYS = 2

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    parallelism: { type: 'string', default: '1' },
    lease: { type: 'string', default: '1 s' },
    verbose: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const random = new SeededRandom(Number(values.seed))
process.stdout.write(`takeovers, seed ${values.seed}\n`)

const watched = new Watched({
  rate: 1_000,
  lease: values.lease,
  interval: '60 ms',
  parallelism: Number(values.parallelism),
})
const standbys: RunningProcess[] = []
const asleep: RunningProcess[] = []
const counts = new Map<string, number>()
let points = 0

async function keepStandbys(mayDie = true): Promise<void> {
  while (standbys.length < STANDBYS) {
    // Every other one dies at a named point of its own time as leader.
    const point =
      mayDie && random.int(2) === 0 ? KILL_POINTS[points++ % KILL_POINTS.length] : undefined
    const killAt = point === undefined ? {} : { MILLRACE_TEST_KILL_AT: `${point}#1` }
    standbys.push(await watched.standby(killAt))
  }
}

/** Whoever has taken over, of those that stood by. */
async function nextLeader(): Promise<RunningProcess> {
  const tookOver = standbys.map(async (standby) => {
    // One that dies in the middle of its takeover is followed by the next.
    await Promise.race([standby.logged(TAKING_OVER), standby.ended])
    return standby
  })
  const leader = await Promise.race(tookOver)
  standbys.splice(standbys.indexOf(leader), 1)
  return leader
}

function endLeader(leader: RunningProcess): string {
  switch (random.int(4)) {
    case 0:
      leader.kill('SIGSTOP')
      asleep.push(leader)
      return 'stopped'
    case 1:
      leader.kill('SIGTERM')
      return 'handed over'
    default:
      leader.kill('SIGKILL')
      return 'killed'
  }
}

try {
  let leader = watched.run()
  await leader.logged('millrace:job:started')
  for (let round = 1; round <= rounds; round++) {
    await keepStandbys()
    if (!leader.hasEnded) await Promise.race([watched.more(LINES_BETWEEN), leader.ended])
    const how = leader.hasEnded ? 'killed at a point' : endLeader(leader)
    counts.set(how, (counts.get(how) ?? 0) + 1)
    leader = await nextLeader()
    if (values.verbose) process.stdout.write(`${round} ${how}\n`)
    if (asleep.length > 2) asleep.shift()?.kill('SIGCONT')
  }
  for (const each of asleep) each.kill('SIGCONT')
  for (const { ended } of asleep) await ended
  // Whoever leads at the end may still be meant to die: those who follow are not.
  for (const each of standbys.splice(0)) each.kill('SIGKILL')
  await keepStandbys(false)
  await watched.more(LINES_BETWEEN)
  await watched.command('stop', 'watched')
  await Promise.all(standbys.map(({ ended }) => ended))
  const lines = checkCounts(watched.output)
  const list = [...counts].map(([how, count]) => `${count} ${how}`).join(', ')
  process.stdout.write(`${rounds} takeovers (${list}): ${lines} lines, each there once\n`)
} finally {
  await watched.close()
}
