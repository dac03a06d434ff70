// What a job must stand whose checkpoints are on a server: processes that are killed and stopped,
// on machines that share nothing else. What becomes visible is counted, line by line.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { checkCounts } from '../e2e/watched-output.ts'
import { Watched } from '../e2e/watched.ts'
import { isFull } from './available.ts'
import type { JavaServer } from './process.ts'

const TIMEOUT_MS = isFull ? 1_800_000 : 400_000
const TAKING_OVER = 'millrace:job:taking-over'

export interface RemoteJobSuite {
  readonly name: string
  /** A place that is empty. */
  readonly place: (name: string) => string
  readonly server: JavaServer
}

export function remoteJobSuite(suite: RemoteJobSuite): void {
  describe(`${suite.name}: a job`, () => {
    killing(suite)
    fighting(suite)
    if (isFull) outlasting(suite)
  })
}

/** A job of which each test has one, with its checkpoints in that place. */
async function watch(
  storage: string,
  lease: string,
  test: (watched: Watched) => Promise<void>,
): Promise<void> {
  const watched = new Watched({ rate: 1_000, lease, interval: '100 ms', storage })
  try {
    await test(watched)
  } finally {
    await watched.close()
  }
}

function killing({ place }: RemoteJobSuite): void {
  it('killed with its checkpoints there goes on exactly', { timeout: TIMEOUT_MS }, async () => {
    const storage = place('killed')
    await watch(storage, '10 s', async (watched) => {
      for (let kill = 0; kill < (isFull ? 50 : 1); kill++) {
        const killed = watched.run()
        await killed.logged(kill === 0 ? 'millrace:job:started' : 'millrace:job:restored')
        await watched.more(kill % 3 === 2 ? 1 : 100)
        killed.kill('SIGKILL')
        await killed.ended
      }
      const last = watched.run()
      await last.logged('millrace:job:restored')
      await watched.more(100)
      const savepoint = place('savepoint')
      assert.equal(
        (await watched.command('stop', 'watched', '--savepoint', savepoint)).child.exitCode,
        0,
      )
      assert.equal((await last.ended).code, 0)
      const before = checkCounts(watched.output)

      const verified = await watched.command('checkpoint', 'verify', storage)
      assert.equal(verified.child.exitCode, 0, verified.log)
      const listed = await watched.command('checkpoint', 'ls', savepoint, '--json')
      assert.match(listed.log, /"checkpointId":/)
      const counted = await watched.command(
        'state',
        'get',
        savepoint,
        'counts',
        '--key',
        '3',
        '--json',
      )
      assert.match(counted.log, /"count":\d+/)

      const moved = place('moved')
      const flags = ['--from', savepoint, '--set', `checkpointing.storage=${moved}`]
      const directory = join(watched.folder, 'elsewhere')
      const next = watched.run(flags, {}, directory)
      await watched.more(100)
      await watched.commandIn(directory, 'stop', 'watched')
      assert.equal((await next.ended).code, 0, next.log)
      assert.ok(checkCounts(watched.output) >= before + 100)
    })
  })
}

function fighting({ place }: RemoteJobSuite): void {
  it('is led by one of two processes that fight over it', { timeout: TIMEOUT_MS }, async () => {
    const storage = place('fought-over')
    await watch(storage, '1 s', async (watched) => {
      const machine = (index: number): string => join(watched.folder, `machine-${index}`)
      let leader = watched.run([], {}, machine(0))
      await leader.logged('millrace:job:started')
      await watched.more(50)
      for (let round = 1; round <= (isFull ? 8 : 1); round++) {
        // It only seems to be dead, and goes on when another one leads.
        const standby = await watched.standby({}, machine(round))
        leader.kill('SIGSTOP')
        await standby.logged(TAKING_OVER)
        assert.match(standby.log, /"reason":"lease ended"/)
        await watched.more(50)
        leader.kill('SIGCONT')
        assert.equal((await leader.ended).code, 1)
        assert.match(leader.log, /LEADERSHIP_LOST/)
        leader = standby
      }
      // Nobody stands by: each believes that it is alone, and the storage decides.
      leader.kill('SIGSTOP')
      const usurper = watched.run([], {}, machine(99))
      await usurper.logged('millrace:job:restored')
      leader.kill('SIGCONT')
      assert.equal((await leader.ended).code, 1, leader.log)
      assert.match(leader.log, /LEADERSHIP_LOST/)
      await watched.more(50)
      await watched.commandIn(machine(99), 'stop', 'watched')
      assert.equal((await usurper.ended).code, 0, usurper.log)
      checkCounts(watched.output)
    })
  })
}

function outlasting({ place, server }: RemoteJobSuite): void {
  it('goes on when its server was killed and is back', { timeout: TIMEOUT_MS }, async () => {
    const storage = place('outlasting')
    await watch(storage, '10 s', async (watched) => {
      const process = watched.run()
      for (let kill = 0; kill < 3; kill++) {
        await watched.more(100)
        await server.kill()
        await new Promise((resolve) => setTimeout(resolve, 3_000))
        await server.start()
      }
      await watched.more(100)
      await watched.command('stop', 'watched')
      assert.equal((await process.ended).code, 0, process.log)
      checkCounts(watched.output)
    })
  })
}
