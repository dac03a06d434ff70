// `millrace run` as a process: results, resuming, signals, kill -9, a second owner, failures.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { jobsFolder, type Outcome, perform, start, temporaryFolder } from './cli.ts'

let folder = temporaryFolder()
const started: ReturnType<typeof start>[] = []
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGKILL')
    await ended
  }
  folder.remove()
})

const sums = join(jobsFolder, 'sums.ts')
const ticks = [join(jobsFolder, 'ticks.ts'), '--param', 'output=out']

function run(...args: string[]) {
  const process = start(folder.path, ['run', ...args])
  started.push(process)
  return process
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 20) {
    if (condition()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.fail(`in vain waited for: ${what}`)
}

/** Log lines; everything on stderr must be one. */
function logOf({ err }: Outcome): Readonly<Record<string, unknown>>[] {
  return err
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

function messagesOf(outcome: Outcome): string {
  return logOf(outcome)
    .map((line) => String(line['msg']))
    .join('\n')
}

/** The counts in the committed files must be 1, 2, 3, … for each key: exactly once, in order. */
function checkOutput(): number {
  const last = new Map<number, number>()
  const output = join(folder.path, 'out')
  const names = readdirSync(output).filter((name) => !name.startsWith('.'))
  let lines = 0
  const rows = names.flatMap((name) => readFileSync(join(output, name), 'utf8').split('\n'))
  const parsed = rows
    .filter((row) => row !== '')
    .map((row) => JSON.parse(row) as { key: number; value: number })
  for (const { key, value } of parsed.toSorted((a, b) => a.value - b.value)) {
    assert.equal(value, (last.get(key) ?? 0) + 1, `key ${key}`)
    last.set(key, value)
    lines++
  }
  return lines
}

const committed = () =>
  existsSync(join(folder.path, 'out')) &&
  readdirSync(join(folder.path, 'out')).some((name) => !name.startsWith('.'))

test('a bounded job writes its result, logs JSON lines, and ends with 0', async () => {
  const first = await run(sums, '--param', 'count=4').ended
  assert.equal(first.code, 0, first.err)
  const values = first.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
  assert.deepEqual(values, [
    { key: 0, value: 0 },
    { key: 1, value: 1 },
    { key: 2, value: 2 },
    { key: 0, value: 3 },
  ])
  assert.match(messagesOf(first), /sums finished: 4 records/)
})

test('run again it says that it had finished; --fresh processes the input again', async () => {
  await run(sums).ended
  const again = await run(sums).ended
  assert.deepEqual([again.code, again.out], [0, ''])
  assert.match(messagesOf(again), /had finished before; run it with --fresh/)
  const fresh = await run(sums, '--fresh', '--json').ended
  assert.equal(fresh.code, 0)
  const lines = fresh.out.trim().split('\n')
  assert.equal(lines.length, 6)
  const summary = JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>
  assert.deepEqual([summary['outcome'], summary['hadFinished']], ['finished', false])
})

test('SIGTERM takes a last checkpoint and ends with 0; the next run goes on', async () => {
  const first = run(...ticks)
  await until('output', committed)
  first.child.kill('SIGTERM')
  const stopped = await first.ended
  assert.equal(stopped.code, 0, stopped.err)
  assert.match(messagesOf(stopped), /taking a last checkpoint[\s\S]*ticks stopped/)
  const before = checkOutput()
  const second = run(...ticks)
  await until('more output', () => checkOutput() > before)
  second.child.kill('SIGINT')
  const resumed = await second.ended
  assert.equal(resumed.code, 0)
  assert.match(messagesOf(resumed), /job ticks resumes from checkpoint/)
  checkOutput()
})

test('after kill -9 the next run takes over at once and the counts are right', async () => {
  const first = run(...ticks)
  await until('output', committed)
  first.child.kill('SIGKILL')
  const second = run(...ticks)
  const before = checkOutput()
  await until('more output', () => checkOutput() > before)
  second.child.kill('SIGTERM')
  assert.equal((await second.ended).code, 0)
  assert.ok(checkOutput() > before)
})

test('a second run of the same job is refused with 4 and names the first', async () => {
  const first = run(...ticks)
  await until('output', committed)
  const second = await run(...ticks).ended
  assert.equal(second.code, 4)
  assert.match(second.err, new RegExp(`process ${first.child.pid} runs the job ticks`))
})

test('a full checkpoint on request refers to no file of an older one', async () => {
  // Ten a second: the one that is asked for must still be there when it is looked at.
  const job = run(...ticks, '--set', 'checkpointing.keep=1000')
  await until('output', committed)
  const taken = await perform(folder.path, ['checkpoint', 'ticks', '--full', '--json'])
  assert.equal(taken.code, 0, taken.err)
  const { checkpointId } = JSON.parse(taken.out) as { checkpointId: number }
  const show = ['checkpoint', 'show', 'ticks', '--checkpoint', String(checkpointId), '--json']
  const shown = await perform(folder.path, show)
  const link = JSON.parse(shown.out) as { purpose: string; tasks: { runs: { name: string }[] }[] }
  assert.equal(link.purpose, 'manual')
  const names = link.tasks.flatMap(({ runs }) => runs.map(({ name }) => name))
  assert.ok(names.length > 0)
  for (const name of names) assert.match(name, new RegExp(`^runs/\\d+-${checkpointId}-`))
  job.child.kill('SIGKILL')
  await job.ended
  const again = run(...ticks)
  const before = checkOutput()
  await until('more output', () => checkOutput() > before)
  again.child.kill('SIGTERM')
  assert.equal((await again.ended).code, 0)
  assert.ok(checkOutput() > before)
})

test('list, savepoint and stop reach the running job', async () => {
  const first = run(...ticks)
  await until('output', committed)
  const listed = await perform(folder.path, ['list'])
  assert.match(listed.out, new RegExp(`^ticks +running +${first.child.pid} .*output=out`, 'm'))
  const saved = await perform(folder.path, ['savepoint', 'ticks', 'copy'])
  assert.equal(saved.code, 0, saved.err)
  assert.equal((await perform(folder.path, ['checkpoint', 'verify', 'copy'])).code, 0)
  const stopped = await perform(folder.path, ['stop', 'ticks'])
  assert.equal(stopped.code, 0, stopped.err)
  assert.equal((await first.ended).code, 0)
  assert.equal((await perform(folder.path, ['checkpoint', 'verify', 'ticks'])).code, 0)
  assert.match((await perform(folder.path, ['list'])).err, /no jobs run/)
})

test('a second signal ends at once', async () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const { child, ended } = run(join(jobsFolder, 'stuck.ts'), '--fresh')
    let log = ''
    child.stderr?.on('data', (text: string) => (log += text))
    await until('the start', () => log.includes('job stuck runs'))
    child.kill(signal)
    await until('the first signal', () => log.includes('taking a last checkpoint'))
    child.kill(signal)
    assert.equal((await ended).code, code)
  }
})

test('a function that throws fails the job with 1, and is told once', async () => {
  const { code, err } = await run(join(jobsFolder, 'failing.ts')).ended
  assert.equal(code, 1)
  const lines = err
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.equal(lines.filter((line) => line['event'] === 'millrace:job:restarting').length, 1)
  const failed = lines.filter((line) => line['level'] === 'error')
  assert.equal(failed.length, 1)
  const error = failed[0]?.['error'] as Record<string, unknown>
  assert.equal(error['code'], 'FUNCTION_FAILED')
  assert.match(JSON.stringify(error), /three is too much/)
})

test('a wrong module, parameter or option ends with 2 before anything is made', async () => {
  writeFileSync(join(folder.path, 'enum.ts'), 'enum A { B }\nexport default A\n')
  for (const [args, said] of [
    [['enum.ts'], /enum\.ts:1: .*enum/],
    [['missing.ts'], /missing\.ts: there is no such file/],
    [[sums, '--param', 'cuont=1'], /no parameter \\?"cuont\\?"/],
    [[sums, '--set', 'checkpointing.keep=0'], /checkpointing\.keep/],
  ] as const) {
    const { code, err } = await run(...args).ended
    assert.equal(code, 2, err)
    assert.match(err, said)
  }
})
