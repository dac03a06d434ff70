// `millrace run --profile`: files for viewers, tables for people, facts for programs; refused
// before the job runs if nothing can be written.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { jobsFolder, perform, start, temporaryFolder } from './cli.ts'

let folder = temporaryFolder()
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => folder.remove())

/** Arguments that run it in a folder of this test. */
const burning = (...args: string[]): string[] => {
  const job = join(jobsFolder, 'burning.ts')
  return ['run', job, '--directory', join(folder.path, 'jobs'), ...args]
}
const ticks = [join(jobsFolder, 'ticks.ts'), '--param', 'output=out']

interface Shown {
  readonly outcome: string
  readonly profile: {
    readonly files: readonly string[]
    readonly operators: readonly {
      readonly operator?: string
      readonly times: { function: number }
    }[]
  }
}

const profiles = (): string[] => readdirSync(folder.path).filter((name) => /profile/.test(name))

/** The file is one that viewers of CPU profiles open, with operators among its frames. */
function checkFile(name: string): void {
  const profile = JSON.parse(readFileSync(join(folder.path, name), 'utf8')) as {
    readonly nodes: readonly { readonly id: number; readonly callFrame: object }[]
    readonly samples: readonly number[]
    readonly timeDeltas: readonly number[]
  }
  const ids = new Set(profile.nodes.map(({ id }) => id))
  assert.ok(profile.samples.length > 10)
  assert.equal(profile.timeDeltas.length, profile.samples.length)
  assert.ok(profile.samples.every((id) => ids.has(id)))
}

test('a table says what each operator takes, and the file is named after the job', async () => {
  const run = await perform(folder.path, burning('--profile'), {
    errIsTty: true,
    columns: 120,
  })
  assert.equal(run.code, 0, run.err)
  assert.match(run.err, /operator +records +time +share +ns\/record +function +state/)
  assert.match(run.err, /map \(burning\.ts:\d+\) +2 k +[\d.]+ m?s +\d+ % /)
  assert.match(run.err, /counts +find the row +2 k /)
  assert.match(run.err, /of CPU time, and .* to start; .* idle/)
  assert.match(run.err, /profiled .*burning\.cpuprofile/)
  assert.deepEqual(profiles(), ['burning.cpuprofile'])
  checkFile('burning.cpuprofile')
})

test('--json has it too, and each worker a file of its own, at the given interval', async () => {
  const args = ['--profile=p/own.cpuprofile', '--profile-interval', '200', '--parallelism', '2']
  mkdirSync(join(folder.path, 'p'))
  const run = await perform(folder.path, burning('--json', ...args))
  assert.equal(run.code, 0, run.err)
  const { outcome, profile } = JSON.parse(run.out) as Shown
  const files = ['own.0.cpuprofile', 'own.1.cpuprofile']
  assert.deepEqual(
    [outcome, profile.files],
    ['finished', files.map((name) => join(folder.path, 'p', name))],
  )
  const burns = profile.operators.find(({ operator }) => operator?.startsWith('map'))
  assert.ok((burns?.times.function ?? 0) > 0)
  for (const name of files) checkFile(join('p', name))
})

test('without a terminal it is logged: a line for each operator', async () => {
  const run = await perform(folder.path, burning('--profile'))
  const lines = run.err.trim().split('\n')
  const messages = lines.map((line) => String((JSON.parse(line) as { msg: unknown }).msg))
  assert.ok(messages.some((message) => /^profile of counts: .* 2 k records of .* ns/.test(message)))
  assert.ok(messages.some((message) => message.startsWith('profile of outside operators: ')))
})

test('a signal ends the job with its profile, and the next run goes on with another', async () => {
  for (const name of ['first', 'second']) {
    const { child, ended } = start(folder.path, ['run', ...ticks, `--profile=${name}`])
    let log = ''
    child.stderr?.on('data', (text: string) => (log += text))
    const checkpoints = (): number => log.split('completed').length - 1
    while (checkpoints() < 4) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGINT')
    const stopped = await ended
    assert.equal(stopped.code, 0, stopped.err)
    assert.match(stopped.err, /profile of ticks: .* records of/)
    assert.equal(stopped.err.includes('job ticks resumes'), name === 'second')
    checkFile(name)
  }
})

test('of a job that fails the profile is written before its error is told', async () => {
  const run = await perform(folder.path, burning('--param', 'fails=true', '--profile'))
  assert.equal(run.code, 1)
  assert.match(run.err, /profile of counts/)
  checkFile('burning.cpuprofile')
})

test('what cannot be written, or is no interval, is refused before anything runs', async () => {
  mkdirSync(join(folder.path, 'folder'))
  const places = ['missing/x.cpuprofile', 'folder', '/dev/null/x']
  for (const place of places) {
    const run = await perform(folder.path, burning(`--profile=${place}`))
    assert.equal(run.code, 1, place)
    assert.match(run.err, /PROFILE_UNWRITABLE/)
  }
  const wrong = [
    ['--profile-interval', '100'],
    ['--profile', '--profile-interval', 'often'],
  ]
  for (const flags of wrong) {
    const run = await perform(folder.path, burning(...flags))
    assert.notEqual(run.code, 0)
    assert.match(run.err, /CLI_USAGE|CONFIG_INVALID/)
  }
  assert.deepEqual([existsSync(join(folder.path, 'jobs')), profiles()], [false, []])
})
