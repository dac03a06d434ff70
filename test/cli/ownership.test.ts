// Real processes, killed in the middle of an import and of a stop with savepoint: nothing is lost,
// nothing is doubled, and what was begun is finished by the next start.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { jobsFolder, perform, start, temporaryFolder } from './cli.ts'

/** All places to be killed at; otherwise the most telling ones. */
const isLong = process.env['MILLRACE_TEST_LONG'] !== undefined
const folder = temporaryFolder()
const started: ReturnType<typeof start>[] = []
after(async () => {
  for (const { child, ended } of started) {
    child.kill('SIGKILL')
    await ended
  }
  folder.remove()
})
const cli = (...args: string[]) => perform(folder.path, args)

/** Starts the job that counts ticks; `killAt` ends it as `kill -9` does. */
function run(output: string, args: readonly string[], killAt?: string) {
  const command = ['run', join(jobsFolder, 'ticks.ts'), '--param', `output=${output}`, ...args]
  const environment = killAt === undefined ? {} : { MILLRACE_TEST_KILL_AT: killAt }
  const child = start(folder.path, command, environment)
  started.push(child)
  return child
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 20) {
    if (await condition()) return
    await setTimeout(20)
  }
  assert.fail(`in vain waited for: ${what}`)
}

/** The committed counts of each key must be 1, 2, 3, …; their number. */
function checked(output: string): number {
  const at = join(folder.path, output)
  const names = existsSync(at) ? readdirSync(at).filter((name) => !name.startsWith('.')) : []
  const counts = new Map<number, number[]>()
  for (const name of names) {
    for (const line of readFileSync(join(at, name), 'utf8').split('\n')) {
      if (line === '') continue
      const { key, value } = JSON.parse(line) as { key: number; value: number }
      counts.set(key, [...(counts.get(key) ?? []), value])
    }
  }
  let lines = 0
  for (const [key, values] of counts) {
    values.sort((a, b) => a - b)
    values.forEach((value, index) => assert.equal(value, index + 1, `count ${index + 1} of ${key}`))
    lines += values.length
  }
  return lines
}

const isRunning = async (...args: string[]) =>
  (await cli('status', 'ticks', '--json', ...args)).code === 0

test('a job that is killed while it imports goes on, at another parallelism', async () => {
  const first = run('out', [])
  await until('output', () => checked('out') > 0)
  assert.equal((await cli('stop', 'ticks', '--savepoint', 'saved')).code, 0)
  assert.equal((await first.ended).code, 0)
  const before = checked('out')
  const elsewhere = ['--directory', 'elsewhere']
  let from = ['--from', 'saved', '--claim']
  const points = ['run-imported#1', 'after-import-link#1']
  if (isLong) points.splice(1, 0, 'before-import-link#1')
  for (const killAt of points) {
    const killed = run('out', [...from, ...elsewhere], killAt)
    assert.equal((await killed.ended).code, null, killAt)
    from = []
  }
  const last = run('out', [...elsewhere, '--parallelism', '3'])
  await until('more output', () => checked('out') > before)
  last.child.kill('SIGTERM')
  assert.equal((await last.ended).code, 0)
  assert.ok(checked('out') > before)
  assert.deepEqual(readdirSync(join(folder.path, 'saved', 'runs')), [], 'claimed, and deleted')
})

test('a stop with savepoint that was killed can be asked for again', async () => {
  const rarely = ['--set', 'checkpointing.interval=1h']
  for (const killAt of isLong ? ['before-manifest#1', 'after-manifest#1'] : ['after-manifest#1']) {
    const savepoint = `saved-${killAt.slice(0, 5)}`
    const killed = run('out-2', rarely, killAt)
    await until('the job', () => isRunning())
    const lost = await cli('stop', 'ticks', '--savepoint', savepoint)
    assert.equal(lost.code, 3, 'the answer was lost')
    assert.equal((await killed.ended).code, null)
    const again = run('out-2', rarely)
    await until('the job', () => isRunning())
    const stopped = await cli('stop', 'ticks', '--savepoint', savepoint)
    assert.equal(stopped.code, 0, stopped.err)
    assert.equal((await again.ended).code, 0)
    assert.equal((await cli('checkpoint', 'verify', savepoint)).code, 0)
    const repeated = await cli('stop', 'ticks', '--savepoint', savepoint)
    assert.equal(repeated.code, 0, 'it has stopped, and the savepoint is there')
    assert.match(repeated.out, /had stopped/)
  }
  checked('out-2')
  assert.equal((await cli('stop', 'ticks', '--savepoint', 'never')).code, 3)
})
