// Attacks on the server by which a running job is asked over HTTP: none succeeds, each says what it
// attempts, and afterwards the server still serves those who may ask.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, afterEach, before, describe, it } from 'node:test'
import { type Attack, ATTACKS } from './attacks.ts'
import { MESSAGE_ATTACKS } from './attacks-on-messages.ts'
import { getOf, requestOf } from './requests.ts'
import { answerOn, startVictim, type Victim } from './victim.ts'

let victim: Victim
let filesBefore: readonly string[] = []
before(async () => {
  victim = await startVictim()
  filesBefore = readdirSync(victim.folder)
})
after(() => victim.close())

/** An attack succeeds if anything is granted, done or given away. */
function requireRefused(answer: string): void {
  assert.doesNotMatch(answer, /HTTP\/1\.[01] [123]/, answer)
  assert.doesNotMatch(answer, /access-control-|set-cookie/i)
  for (const token of Object.values(victim.tokens)) assert.ok(!answer.includes(token), answer)
  assert.doesNotMatch(answer, /root:|node:internal|\.ts:\d/, answer)
  assert.deepEqual(victim.takeCalls(), [])
}

const inTime = (answer: string, startedAtMs: number): void => {
  assert.ok(performance.now() - startedAtMs < 1_400, `hung for long: ${answer}`)
}

describe('is refused:', () => {
  const all: readonly Attack[] = [...ATTACKS, ...MESSAGE_ATTACKS]
  for (const [attempt, bytes] of all) {
    it(attempt, async () => {
      const startedAtMs = performance.now()
      const answer = await victim.send(bytes(victim))
      requireRefused(answer)
      inTime(answer, startedAtMs)
    })
  }

  it('at least forty of them, and no two the same', () => {
    assert.ok(all.length >= 40)
    const sent = all.map(([, bytes]) => Buffer.from(bytes(victim)).toString('latin1'))
    assert.equal(new Set(sent).size, all.length)
  })
})

describe('is cut off:', { concurrency: true }, () => {
  afterEach(() => assert.deepEqual(victim.takeCalls(), []))

  it('a head that comes byte by byte', async () => {
    const socket = await victim.open()
    const answer = answerOn(socket)
    for (const letter of requestOf(victim)) {
      if (socket.destroyed) break
      socket.write(letter)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    requireRefused(await answer)
  })

  it('a body that never comes', async () => {
    const socket = await victim.open()
    socket.write(requestOf(victim).slice(0, -1))
    requireRefused(await answerOn(socket))
  })

  it('a body that comes byte by byte', async () => {
    const socket = await victim.open()
    const answer = answerOn(socket)
    socket.write(requestOf(victim, { body: `${' '.repeat(200)}{}` }).slice(0, -202))
    while (!socket.destroyed) {
      socket.write(' ')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    requireRefused(await answer)
  })

  it('a connection that says nothing', async () => {
    requireRefused(await answerOn(await victim.open()))
  })

  it('a connection that goes away in the middle of a request', async () => {
    const socket = await victim.open()
    socket.write(requestOf(victim).slice(0, -1))
    socket.resetAndDestroy()
  })
})

describe('under many', () => {
  it('guesses of a token, none is right and whoever has one is served all the same', async () => {
    const guesses = Array.from(
      { length: 60 },
      (_, at) => `millrace_admin_${String(at).padEnd(43, 'x')}`,
    )
    const answers = await Promise.all(
      guesses.map((token) => victim.send(requestOf(victim, { token }))),
    )
    for (const answer of answers) requireRefused(answer)
    assert.ok(answers.filter((answer) => answer.includes(' 429 ')).length >= 40)
    assert.match(await victim.send(getOf(victim, { headers: ['Connection: close'] })), / 200 OK/)
  })

  it('connections that are held, no more are taken, and all is well when they go', async () => {
    const held = await Promise.all(Array.from({ length: 100 }, () => victim.open()))
    for (const socket of held) socket.write('GET /v1/status HTTP/1.1\r\n')
    await Promise.all(held.map(answerOn))
    assert.match(await victim.send(getOf(victim, { headers: ['Connection: close'] })), / 200 OK/)
  })

  it('requests in one go, none is taken behind another that is in work', async () => {
    const socket = await victim.open()
    const answer = answerOn(socket)
    socket.write(getOf(victim, { token: victim.tokens.viewer }).repeat(2_000))
    const granted = [...(await answer).matchAll(/HTTP\/1\.1 200/g)].length
    assert.ok(granted <= 1, `${granted} were served`)
  })
})

describe('afterwards', () => {
  const ask = (token: string, path: string, body?: object): Promise<Response> =>
    fetch(`${victim.url}${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    })

  it('each role may do what the table says', async () => {
    const { viewer, operator, admin } = victim.tokens
    for (const token of [viewer, operator, admin]) {
      assert.deepEqual(await (await ask(token, '/v1/status')).json(), {
        result: { state: 'running' },
      })
      assert.deepEqual(await (await ask(token, '/v1/checkpoints')).json(), { result: [] })
    }
    for (const token of [operator, admin]) {
      assert.equal((await ask(token, '/v1/checkpoints', { full: true })).status, 200)
      assert.equal(
        (await ask(token, '/v1/savepoints', { directory: 'before/upgrade-2' })).status,
        200,
      )
      assert.equal((await ask(token, '/v1/handover', {})).status, 200)
      const release = { operator: 'states', key: 'ann' }
      assert.equal((await ask(token, '/v1/release', release)).status, 200)
      assert.equal((await ask(token, '/v1/stop', { drain: true })).status, 200)
    }
    assert.equal((await ask(admin, '/v1/erase', { subject: 'ann' })).status, 200)
    assert.equal((await ask(admin, '/v1/cancel', {})).status, 200)
    const saved = JSON.stringify(`${victim.root}/before/upgrade-2`)
    const done = [
      'checkpoint {"full":true}',
      `savepoint ${saved}`,
      'handover',
      'release "states"',
      'stop {"drain":true}',
    ]
    assert.deepEqual(victim.takeCalls(), [...done, ...done, 'erase "ann"', 'cancel'])
  })

  it('answers are for nobody else: no caches, no frames, no guesses of what they are', async () => {
    const { headers } = await ask(victim.tokens.viewer, '/v1/status')
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.match(
      headers.get('content-security-policy') ?? '',
      /default-src 'none'; frame-ancestors/,
    )
    assert.equal(headers.get('access-control-allow-origin'), null)
    assert.equal(headers.get('server'), null)
  })

  it('no file is there that was not, and no token stands in the audit log', () => {
    assert.deepEqual(readdirSync(victim.folder).sort(), [...filesBefore, 'audit.jsonl'].sort())
    const text = readFileSync(`${victim.folder}/audit.jsonl`, 'utf8')
    for (const token of Object.values(victim.tokens)) assert.ok(!text.includes(token))
    const entries = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const denied = entries.filter(({ outcome }) => outcome === 'denied')
    assert.ok(denied.length >= 10 && denied.length < 60, `${denied.length} denials were noted`)
    assert.ok(
      entries.some(
        ({ request, outcome, role }) =>
          request === 'cancel' && outcome === 'done' && role === 'admin',
      ),
    )
  })
})
