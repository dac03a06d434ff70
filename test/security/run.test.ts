// A real process, run with HTTP: found without any set-up, asked with its tokens, stopped by them;
// none of them is seen in its log, its list of arguments, its answers or its files but their own.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { jobsFolder, perform, start, temporaryFolder } from '../cli/cli.ts'

const folder = temporaryFolder()
const job = join(folder.path, '.millrace', 'ticks')
const command = ['run', join(jobsFolder, 'ticks.ts'), '--param', 'output=out']
const { child, ended } = start(folder.path, command, {
  MILLRACE_CONTROL_HTTP: 'true',
  MILLRACE_LOG_LEVEL: 'debug',
})
after(async () => {
  child.kill('SIGKILL')
  await ended
  folder.remove()
})

interface Listed {
  readonly jobs: readonly { readonly http?: string; readonly answers: boolean }[]
}

async function untilListed(): Promise<string> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 20) {
    const { out } = await perform(folder.path, ['list', '--json'])
    const [listed] = (JSON.parse(out) as Listed).jobs // of the command
    if (listed?.http !== undefined && listed.answers) return listed.http
    await setTimeout(20)
  }
  return assert.fail('in vain waited for the job')
}

function* filesBelow(path: string): Generator<string> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const file = join(path, entry.name)
    if (entry.isDirectory()) yield* filesBelow(file)
    else if (entry.isFile()) yield file
  }
}

test('a job that runs with HTTP is asked and stopped by those who have a token', async () => {
  const url = await untilListed()
  const tokenOf = (role: string) => readFileSync(join(job, `${role}.token`), 'utf8').trim()
  const [viewer, operator] = [tokenOf('viewer'), tokenOf('operator')]
  let answers = ''
  const ask = async (path: string, token: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    const text = await response.text()
    answers += text
    return JSON.parse(text)
  }
  let taken: unknown
  do taken = await ask('/v1/checkpoints', operator, {})
  while (
    JSON.stringify(taken).includes('JOB_NOT_RUNNING') ||
    JSON.stringify(taken).includes('starting')
  )
  // It was no error.
  const { checkpointId } = (taken as { result: { checkpointId: number } }).result
  const { result } = (await ask('/v1/checkpoints', viewer)) as {
    result: { checkpointId: number }[]
  }
  assert.ok(result.some((each) => each.checkpointId === checkpointId))
  assert.match(JSON.stringify(await ask('/v1/stop', viewer, {})), /needs the role operator/)
  assert.match(
    JSON.stringify(await ask('/v1/status', viewer)),
    /"jobName":"ticks","state":"running"/,
  )
  assert.match(
    (await perform(folder.path, ['status', 'ticks'])).out,
    new RegExp(`http: ${url}, by token`),
  )
  const args =
    process.platform === 'linux' ? readFileSync(`/proc/${child.pid}/cmdline`, 'latin1') : ''
  assert.deepEqual(await ask('/v1/stop', operator, { savepoint: 'last' }), { result: null })
  const { code, out, err } = await ended
  assert.equal(code, 0)
  assert.match(out + err, new RegExp(`can be asked at ${url}`))
  assert.ok(readdirSync(join(job, 'savepoints', 'last')).length > 0)
  for (const token of [viewer, operator, tokenOf('admin')]) {
    for (const text of [answers, args, out, err]) assert.ok(!text.includes(token))
    const holding = [...filesBelow(folder.path)].filter((file) =>
      readFileSync(file).includes(token),
    )
    assert.equal(holding.length, 1)
    assert.equal(statSync(holding[0] ?? '').mode & 0o777, 0o600)
  }
})
