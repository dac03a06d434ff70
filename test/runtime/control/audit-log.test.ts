// The audit log: appended only, for the owner's eyes, rotated, and whole after a torn line.
import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { type AuditEntry, AuditLog } from '../../../src/runtime/control/audit-log.ts'

let folder = ''
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'mr-audit-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const file = (): string => join(folder, 'audit.jsonl')
const entry = (id: string): AuditEntry => {
  const who = { role: 'owner', via: 'socket' } as const
  return {
    time: '2026-01-01T00:00:00.000Z',
    id,
    ...who,
    request: 'stop',
    params: {},
    outcome: 'done',
  }
}
const ids = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as AuditEntry).id)

test('lines are appended in the order they were asked for, to a file of mode 0600', async () => {
  writeFileSync(file(), '', { mode: 0o644 })
  const log = new AuditLog(folder, 1_000_000)
  await Promise.all(Array.from({ length: 20 }, (_, at) => log.append(entry(String(at)))))
  await new AuditLog(folder, 1_000_000).append(entry('after a restart'))
  assert.deepEqual(ids(file()), [
    ...Array.from({ length: 20 }, (_, at) => String(at)),
    'after a restart',
  ])
  assert.equal(statSync(file()).mode & 0o777, 0o600)
})

test('a full file makes room, and of the older ones the oldest goes', async () => {
  const lineBytes = JSON.stringify(entry('00')).length + 1
  const log = new AuditLog(folder, 2 * lineBytes)
  for (let at = 10; at < 30; at++) await log.append(entry(String(at)))
  const older = Array.from({ length: 7 }, (_, age) => `audit.${age + 1}.jsonl`)
  assert.deepEqual(readdirSync(folder).sort(), [...older, 'audit.jsonl'].sort())
  assert.deepEqual(ids(file()), ['28', '29'])
  assert.deepEqual(ids(join(folder, 'audit.1.jsonl')), ['26', '27'])
  assert.deepEqual(ids(join(folder, 'audit.7.jsonl')), ['14', '15'])
  for (const name of older) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
})

test('a line that a crash has torn does not take the next one with it', async () => {
  appendFileSync(file(), '{"time":"2026-')
  await new AuditLog(folder, 1_000_000).append(entry('next'))
  const lines = readFileSync(file(), 'utf8').split('\n')
  assert.equal(lines[0], '{"time":"2026-')
  assert.equal((JSON.parse(lines[1] ?? '') as AuditEntry).id, 'next')
})

test('a link in its place is not followed, and the next line is tried anew', async () => {
  const elsewhere = join(folder, 'elsewhere')
  writeFileSync(elsewhere, '')
  symlinkSync(elsewhere, file())
  const log = new AuditLog(folder, 1_000_000)
  await assert.rejects(log.append(entry('1')), { code: 'STORAGE_FAILED' })
  assert.equal(readFileSync(elsewhere, 'utf8'), '')
  rmSync(file())
  await log.append(entry('2'))
  assert.deepEqual(ids(file()), ['2'])
})
