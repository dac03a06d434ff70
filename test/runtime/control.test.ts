// The claim on a job's folder and the control socket: ownership, succession after a kill, mode,
// limits and bad requests.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { parseControlFile } from '../../src/runtime/control-protocol.ts'
import { createControlServer } from '../../src/runtime/control-server.ts'
import type { ClaimRequest, ControlHandler, JobClaim } from '../../src/runtime/host.ts'
import { claimJobFolder } from '../../src/runtime/job-claim.ts'
import { processStartOf } from '../../src/runtime/process-identity.ts'
import { systemClock } from '../../src/util/clock.ts'

let directory = ''
const claims: JobClaim[] = []
const children: ChildProcess[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mr-'))
})
afterEach(async () => {
  for (const claim of claims.splice(0)) await claim.release()
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(directory, { recursive: true })
})

let claimId = 0
function request(jobName: string, root = directory): ClaimRequest {
  return { directory: root, jobName, id: `${process.pid}-${claimId++}` }
}

async function claimed(jobName: string, root = directory): Promise<JobClaim> {
  const claim = await claimJobFolder(request(jobName, root))
  claims.push(claim)
  return claim
}

/** A real process that claims the folder and then does nothing. */
async function spawnOwner(jobName: string): Promise<ChildProcess> {
  const claimModule = join(import.meta.dirname, '../../src/runtime/job-claim.ts')
  const program = `import { claimJobFolder } from ${JSON.stringify(claimModule)}
    await claimJobFolder(${JSON.stringify(request(jobName))})
    console.log('claimed'); setInterval(() => {}, 1000)`
  const args = ['--conditions=millrace-source', '--input-type=module', '--eval', program]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await once(child.stdout, 'data')
  return child
}

function controlFile(jobName: string, root = directory) {
  const content = parseControlFile(readFileSync(join(root, jobName, 'control.json'), 'utf8'))
  assert.ok(content !== undefined)
  return content
}

const handler: ControlHandler = {
  status: () => ({ state: 'running' }),
  checkpoints: () => Promise.resolve([]),
  checkpoint: () => Promise.resolve({ checkpointId: 7 }),
  savepoint: (target) => Promise.resolve({ target }),
  stop: (options) => Promise.resolve(options),
  cancel: () => Promise.reject(new Error('no')),
  release: (operator, key) => Promise.resolve({ operator, key }),
  erase: (subject, type) => Promise.resolve({ subject, type }),
  handOver: () => Promise.resolve('handed over'),
}

/** Sends raw text and collects lines until `count` have come or the server hangs up. */
async function exchange(path: string, text: string, count: number): Promise<unknown[]> {
  const socket: Socket = connect(path)
  socket.setEncoding('utf8')
  socket.write(text)
  let received = ''
  for await (const chunk of socket) {
    received += String(chunk)
    if (received.split('\n').length > count) break
  }
  socket.destroy()
  return received
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown)
}

test('a claim writes control.json and opens a socket, both for the owner alone', async () => {
  await claimed('words')
  const { pid, socket, job, processStart } = controlFile('words')
  assert.deepEqual([pid, job, processStart], [process.pid, 'words', processStartOf(process.pid)])
  assert.equal(statSync(socket).mode & 0o777, 0o600)
  assert.equal(statSync(join(directory, 'words', 'control.json')).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(join(directory, 'words')).sort(), ['control.json', 'control.sock'])
})

test('release removes file and socket, may be called twice, and frees the folder', async () => {
  const claim = await claimed('words')
  await claim.release()
  await claim.release()
  assert.deepEqual(readdirSync(join(directory, 'words')), [])
  await claimed('words')
})

test('a long path puts the socket into a private folder that release removes', async () => {
  const deep = join(directory, 'd'.repeat(90))
  const claim = await claimed('words', deep)
  const { socket } = controlFile('words', deep)
  assert.ok(!socket.startsWith(deep))
  assert.equal(statSync(dirname(socket)).mode & 0o777, 0o700)
  assert.equal(statSync(socket).mode & 0o777, 0o600)
  claim.serve(handler)
  assert.equal((await exchange(socket, '{"id":1,"method":"status"}\n', 1)).length, 1)
  await claim.release()
  assert.ok(!existsSync(dirname(socket)))
})

test('a second claim in the same process is refused and names the cure', async () => {
  await claimed('words')
  await assert.rejects(claimJobFolder(request('words')), {
    code: 'JOB_OWNED',
    message: /this process already runs the job words/,
    cure: /another directory/,
  })
  await claimed('other')
})

test('a living process refuses others with its pid; once killed it is succeeded', async () => {
  const owner = await spawnOwner('words')
  await assert.rejects(claimJobFolder(request('words')), (error: Error) => {
    assert.match(error.message, new RegExp(`process ${owner.pid} runs the job words`))
    return true
  })
  const gone = once(owner, 'exit')
  owner.kill('SIGKILL')
  // At once: not even waiting for the process to be reaped.
  const claim = await claimed('words')
  assert.equal(controlFile('words').pid, process.pid)
  claim.serve(handler)
  const [answer] = await exchange(controlFile('words').socket, '{"id":1,"method":"status"}\n', 1)
  assert.deepEqual(answer, { id: 1, result: { state: 'running' } })
  await gone
})

test('a stopped process is alive: its folder is not taken', async () => {
  const owner = await spawnOwner('words')
  owner.kill('SIGSTOP')
  await assert.rejects(claimJobFolder(request('words')), { code: 'JOB_OWNED' })
})

test('a control.json of a reused pid, of another machine, or damaged is taken over', async () => {
  const folder = join(directory, 'words')
  const stale = async (text: string) => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'control.json'), text)
    const claim = await claimed('words')
    assert.equal(controlFile('words').pid, process.pid)
    await claim.release()
  }
  const claim = await claimed('words')
  const content = controlFile('words')
  await claim.release()
  await stale(JSON.stringify({ ...content, processStart: 'another boot/1' }))
  await stale(JSON.stringify({ ...content, pid: 1, host: 'another-machine' }))
  await stale('{ "pid"')
  await stale('')
})

test('of many that claim a stale folder at once exactly one wins', async () => {
  const owner = await spawnOwner('words')
  const gone = once(owner, 'exit')
  owner.kill('SIGKILL')
  await gone
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, () => claimJobFolder(request('words'))),
  )
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') claims.push(outcome.value)
    else assert.equal(outcome.reason.code, 'JOB_OWNED')
  }
  assert.equal(claims.length, 1)
  const left = readdirSync(join(directory, 'words')).sort()
  assert.deepEqual(left, ['control.json', 'control.sock'])
})

test('job names cannot lead out of the directory', async () => {
  for (const name of ['..', '../x', 'a/b', '', '.hidden', 'ä'.repeat(101)]) {
    await assert.rejects(claimJobFolder(request(name)), { code: 'JOB_GRAPH_INVALID' })
  }
})

test('a folder that cannot be written is a coded error', async () => {
  writeFileSync(join(directory, 'file'), '')
  await assert.rejects(claimJobFolder(request('words', join(directory, 'file'))), {
    code: 'STORAGE_FAILED',
  })
})

test('every method reaches the job, and its error comes back as data', async () => {
  const claim = await claimed('words')
  claim.serve(handler)
  const requests = [
    { id: 1, method: 'checkpoint' },
    { id: 2, method: 'savepoint', params: { directory: '/s' } },
    { id: 3, method: 'stop', params: { savepoint: '/s', drain: true } },
    { id: 4, method: 'stop' },
    { id: 5, method: 'cancel' },
  ]
  const text = requests.map((request) => `${JSON.stringify(request)}\n`).join('')
  const answers = await exchange(controlFile('words').socket, text, requests.length)
  const byId = new Map(answers.map((answer) => [(answer as { id: number }).id, answer]))
  assert.deepEqual(byId.get(1), { id: 1, result: { checkpointId: 7 } })
  assert.deepEqual(byId.get(2), { id: 2, result: { target: '/s' } })
  assert.deepEqual(byId.get(3), { id: 3, result: { savepoint: '/s', drain: true } })
  assert.deepEqual(byId.get(4), { id: 4, result: { drain: false } })
  assert.match(JSON.stringify(byId.get(5)), /"error":.*"message":"no"/)
})

test('bad requests are answered, and the connection goes on', async () => {
  const claim = await claimed('words')
  claim.serve(handler)
  const bad = [
    '{',
    '[]',
    '5',
    '{"id":1}',
    '{"id":2,"method":"statsu"}',
    '{"id":3,"method":"savepoint"}',
  ]
  const text = `${[...bad, '{"id":4,"method":"status","params":{}}'].join('\n')}\n`
  const answers = (await exchange(controlFile('words').socket, text, bad.length + 1)) as {
    id: number | null
    error?: { code: string; cure: string }
  }[]
  assert.equal(answers.filter((answer) => answer.error?.code === 'CONTROL_BAD_REQUEST').length, 6)
  assert.equal(answers.find((answer) => answer.id === 2)?.error?.cure, 'did you mean status?')
  assert.ok(answers.some((answer) => answer.id === 4 && answer.error === undefined))
})

test('a request without end is cut off', async () => {
  const claim = await claimed('words')
  claim.serve(handler)
  const [answer] = await exchange(controlFile('words').socket, 'x'.repeat(200_000), 1)
  assert.match(JSON.stringify(answer), /longer than 65536 bytes/)
})

test('before the job has started its answer is to try again', async () => {
  await claimed('words')
  const [answer] = await exchange(controlFile('words').socket, '{"id":1,"method":"status"}\n', 1)
  assert.match(JSON.stringify(answer), /CONTROL_UNREACHABLE.*starting/)
})

test('a silent connection is closed, one that waits for an answer is not', async () => {
  let finish: (() => void) | undefined
  const control = createControlServer({
    perform: () => new Promise<void>((resolve) => (finish = resolve)),
    idleTimeoutMs: 50,
    clock: systemClock,
  })
  const path = join(directory, 's')
  const { server } = control
  server.listen(path)
  await once(server, 'listening')
  const silent = connect(path)
  await once(silent, 'close')
  const answered = exchange(path, '{"id":1,"method":"checkpoint"}\n', 1)
  await new Promise((resolve) => setTimeout(resolve, 200))
  finish?.()
  assert.deepEqual(await answered, [{ id: 1, result: null }])
  control.close()
})

test('release lets out an answer that is being given, and hangs up on listeners', async () => {
  const claim = await claimed('words')
  const stop = async () => {
    void claim.release()
    await new Promise((resolve) => setTimeout(resolve, 20))
    return 'stopped'
  }
  claim.serve({ ...handler, stop })
  const { socket } = controlFile('words')
  const listener = connect(socket)
  await once(listener, 'connect')
  const hungUp = once(listener, 'close')
  const answer = await exchange(socket, '{"id":1,"method":"stop"}\n', 1)
  assert.deepEqual(answer, [{ id: 1, result: 'stopped' }])
  await hungUp
})
