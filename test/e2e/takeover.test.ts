// Standby processes, as users start them: real processes that are killed, stopped and woken; what
// becomes visible is counted, line by line.
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { RunningProcess } from '../chaos/process.ts'
import { checkCounts } from './watched-output.ts'
import { Watched } from './watched.ts'

const TAKING_OVER = 'millrace:job:taking-over'
let watched: Watched
afterEach(() => watched.close())

/** A leader that runs, and so many processes that stand by. */
async function start(count: number, lease = '10 s') {
  watched = new Watched({ rate: 1_000, lease, interval: '60 ms' })
  const leader = watched.run()
  await leader.logged('millrace:job:started')
  const standbys = await Promise.all(Array.from({ length: count }, () => watched.standby()))
  await watched.more(100)
  return { leader, standbys }
}

/** The job goes on; when it is stopped every line is there once. */
async function goesOnIn({ ended }: RunningProcess): Promise<void> {
  await watched.more(200)
  await watched.command('stop', 'watched')
  assert.equal((await ended).code, 0)
  checkCounts(watched.output)
}

test('a standby takes over from a leader that is killed; every line is there once', async () => {
  const { leader, standbys } = await start(1)
  const [standby] = standbys
  assert.ok(standby !== undefined)
  leader.kill('SIGKILL')
  await standby.logged(TAKING_OVER)
  assert.match(standby.log, /"reason":"process gone"/)
  await goesOnIn(standby)
})

test('a stopped leader is succeeded when its lease ends, and when it wakes it ends', async () => {
  const { leader, standbys } = await start(1, '1 s')
  const [standby] = standbys
  assert.ok(standby !== undefined)
  leader.kill('SIGSTOP')
  await standby.logged(TAKING_OVER)
  assert.match(standby.log, /"reason":"lease ended"/)
  await watched.more(100)
  leader.kill('SIGCONT')
  assert.equal((await leader.ended).code, 1)
  assert.match(leader.log, /LEADERSHIP_LOST/)
  // Socket and folder are the successor's, also after the former leader has tidied up.
  await goesOnIn(standby)
})

test('of two standbys one takes over; the other follows it, and takes over from it', async () => {
  const { leader, standbys } = await start(2)
  leader.kill('SIGKILL')
  await Promise.race(standbys.map((standby) => standby.logged(TAKING_OVER)))
  await watched.more(100)
  const took = standbys.filter(({ log }) => log.includes(TAKING_OVER))
  assert.equal(took.length, 1)
  const second = standbys.find((standby) => !took.includes(standby))
  assert.ok(second !== undefined)
  took[0]?.kill('SIGKILL')
  await second.logged(TAKING_OVER)
  await goesOnIn(second)
})

test('a killed standby is no loss; when all are killed the next start goes on', async () => {
  const { leader, standbys } = await start(1)
  standbys[0]?.kill('SIGKILL')
  await watched.more(100)
  leader.kill('SIGKILL')
  await leader.ended
  const next = watched.run()
  await next.logged('millrace:job:restored')
  await goesOnIn(next)
})

test('status shows who leads and who stands by; stop ends them all', async () => {
  const { leader, standbys } = await start(1, '1 s')
  const [standby] = standbys
  assert.ok(standby !== undefined)
  await watched.more(1_500)
  const { log } = await watched.command('status', 'watched')
  assert.match(log, new RegExp(`leader: process ${leader.child.pid} on .*, epoch 1, lease 1 s`))
  assert.match(log, new RegExp(`standby: process ${standby.child.pid} on .*, follows link \\d+`))
  assert.match((await watched.command('list')).log, /STANDBYS/)
  await goesOnIn(leader)
  assert.equal((await standby.ended).code, 0)
  assert.match(standby.log, /stood by for watched until it was stopped/)
})

test('a job is handed over, by command and by a signal; without a standby it goes on', async () => {
  const { leader } = await start(0)
  const refused = await watched.command('handover', 'watched')
  assert.match(refused.log, /STANDBY_MISSING/)
  const standby = await watched.standby()
  const handover = await watched.command('handover', 'watched')
  assert.match(handover.log, /handed watched over/)
  assert.equal((await leader.ended).code, 0)
  await standby.logged(TAKING_OVER)
  assert.match(standby.log, /"reason":"released"/)
  const next = await watched.standby()
  standby.kill('SIGTERM')
  assert.equal((await standby.ended).code, 0)
  await next.logged(TAKING_OVER)
  await goesOnIn(next)
})
