// Requests to a running job: what they take, and what of them stands in the audit log.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { MillraceError } from '../../../src/errors.ts'
import { parseRequest } from '../../../src/runtime/control-protocol.ts'
import type { AuditEntry } from '../../../src/runtime/control/audit-log.ts'
import { ControlDesk, OWNER } from '../../../src/runtime/control/desk.ts'
import type { ControlHandler } from '../../../src/runtime/host.ts'
import { systemClock } from '../../../src/util/clock.ts'

const handler: ControlHandler = {
  status: () => ({ state: 'running' }),
  checkpoints: () => Promise.resolve([]),
  checkpoint: (options) => Promise.resolve(options),
  savepoint: (target) => Promise.resolve(target),
  stop: (options) => Promise.resolve(options),
  cancel: () => Promise.reject(new MillraceError('JOB_NOT_RUNNING', 'no')),
  release: (operator, key) => Promise.resolve({ operator, key }),
  erase: (subject, type) => Promise.resolve({ subject, type }),
  handOver: () => Promise.resolve('handed over'),
}

function desk(
  log: AuditEntry[],
  append = async (entry: AuditEntry): Promise<void> => void log.push(entry),
) {
  const unwritten: unknown[] = []
  const made = new ControlDesk({
    clock: { ...systemClock, now: () => 1_700_000_000_000 },
    claim: 'abc',
    audit: { append },
    job: () => handler,
    warn: (error) => unwritten.push(error),
  })
  const ask = (method: string, params: object = {}): Promise<unknown> =>
    made.perform(parseRequest(JSON.stringify({ method, params })), OWNER)
  return { ask, unwritten }
}

test('what changes something is noted when it begins and when it ends', async () => {
  const log: AuditEntry[] = []
  const { ask } = desk(log)
  await ask('status')
  await ask('savepoint', { directory: '/s' })
  await assert.rejects(ask('cancel'), { code: 'JOB_NOT_RUNNING' })
  const time = '2023-11-14T22:13:20.000Z'
  const saved = { time, id: 'abc-1', role: 'owner', via: 'socket', request: 'savepoint' }
  const cancelled = { ...saved, id: 'abc-2', request: 'cancel', params: {} }
  assert.deepEqual(log, [
    { ...saved, params: { directory: '/s' }, outcome: 'begun' },
    { ...saved, params: { directory: '/s' }, outcome: 'done' },
    { ...cancelled, outcome: 'begun' },
    { ...cancelled, outcome: 'failed', code: 'JOB_NOT_RUNNING' },
  ])
})

test('the audit log has no key in it', async () => {
  const log: AuditEntry[] = []
  const { ask } = desk(log)
  const given = { operator: 'states', key: 'ann\0' }
  assert.deepEqual(await ask('release', given), given)
  assert.deepEqual(await ask('release', { operator: 'states', key: '' }), {
    operator: 'states',
    key: '',
  })
  await ask('erase', { subject: 'ann\0', type: 'text' })
  const hash = createHash('sha256').update('ann\0').digest('hex')
  assert.deepEqual(log[0]?.params, { operator: 'states', key: `sha256:${hash.slice(0, 8)}` })
  assert.deepEqual(log.at(-1)?.params, { type: 'text', subject: `sha256:${hash.slice(0, 8)}` })
  assert.doesNotMatch(JSON.stringify(log), /ann/)
})

test('a request that takes something else is refused before anything is noted', async () => {
  const log: AuditEntry[] = []
  const { ask } = desk(log)
  for (const [method, params, said] of [
    ['checkpoint', { ful: true }, /no parameter "ful"/],
    ['checkpoint', { full: 'yes' }, /neither true nor false/],
    ['release', {}, /operator is missing/],
    ['erase', {}, /subject is missing/],
    ['erase', { subject: 'ann', type: 7 }, /type is missing or no text/],
    ['release', { operator: 'a', key: 7 }, /key is missing or no text/],
    ['release', { operator: 'a', key: 'k'.repeat(5_000) }, /longer than 4096/],
    ['savepoint', {}, /directory is missing/],
    ['savepoint', { directory: 5 }, /no text/],
    ['savepoint', { directory: 'a\0b' }, /zero byte/],
    ['savepoint', { directory: 'a'.repeat(5_000) }, /4096/],
    ['stop', JSON.parse('{"__proto__":1}') as object, /no parameter "__proto__"/],
    ['status', { all: true }, /no parameter "all"/],
  ] as const) {
    await assert.rejects(ask(method, params), { code: 'CONTROL_BAD_REQUEST', message: said })
  }
  assert.deepEqual(log, [])
})

test('the owner can stop the job although the audit log cannot be written', async () => {
  const { ask, unwritten } = desk([], () => Promise.reject(new Error('the disk is full')))
  assert.deepEqual(await ask('stop', { drain: true }), { drain: true })
  assert.equal(unwritten.length, 2)
})
