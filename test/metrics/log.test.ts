// Loggers and lifecycle events: what lines look like, what is left out, who hears of events.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { MillraceError, errorToData } from '../../src/errors.ts'
import { announce, LIFECYCLE_EVENTS } from '../../src/metrics/events.ts'
import { jsonLogger } from '../../src/metrics/json-log.ts'
import { type Logger, silentLogger } from '../../src/metrics/log.ts'
import { textLogger } from '../../src/metrics/text-log.ts'

const noon = new Date(2026, 0, 2, 12, 0, 3).getTime()

function collect(make: (write: (line: string) => void) => Logger): {
  logger: Logger
  lines: string[]
} {
  const lines: string[] = []
  return { logger: make((line) => lines.push(line)), lines }
}
const json = (level?: 'debug') => {
  return collect((write) => jsonLogger({ write, now: () => noon, ...(level ? { level } : {}) }))
}
const text = (color = false, level: 'debug' | 'info' = 'info') => {
  return collect((write) => textLogger({ write, now: () => noon, color, level }))
}

test('a JSON line holds time, level, message and the fields of child and call', () => {
  const { logger, lines } = json()
  logger.child({ job: 'words' }).child({ operator: 'count' }).info({ bytes: 5n }, 'done')
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    time: new Date(noon).toISOString(),
    level: 'info',
    msg: 'done',
    job: 'words',
    operator: 'count',
    bytes: '5',
  })
})

test('lines below the level are left out', () => {
  const { logger, lines } = json()
  logger.debug({}, 'no')
  logger.warn({}, 'yes')
  assert.equal(lines.length, 1)
  const silent = collect((write) => jsonLogger({ write, now: () => noon, level: 'silent' }))
  silent.logger.error({}, 'no')
  assert.equal(silent.lines.length, 0)
})

test('errors in JSON keep code, cure and cause; fields that cannot be written are named', () => {
  const { logger, lines } = json()
  const error = new MillraceError('STORAGE_FAILED', 'disk full', { cause: new Error('ENOSPC') })
  logger.error({ error }, 'failed')
  const line = JSON.parse(lines[0] ?? '') as { error: Record<string, unknown> }
  assert.equal(line.error['code'], 'STORAGE_FAILED')
  assert.equal((line.error['cause'] as { message: string }).message, 'ENOSPC')
  const circular: { self?: unknown } = {}
  circular.self = circular
  logger.info({ circular }, 'still written')
  assert.match(lines[1] ?? '', /still written.*"unwritable":"circular"/)
})

test('a line of text has time, level, message and fields, coloured only if asked', () => {
  const { logger, lines } = text()
  logger.child({ job: 'words' }).info({ bytes: 1024, path: 'a b', nothing: undefined }, 'done')
  assert.equal(lines[0], '12:00:03 info  done  job=words bytes=1024 path="a b"')
  const coloured = text(true)
  coloured.logger.warn({ a: 1 }, 'done')
  assert.ok((coloured.lines[0] ?? '').includes('\u001B[33mwarn \u001B[0m'))
})

test('an error in text follows with its cure and causes, its stack only when debugging', () => {
  const cause = new MillraceError('STORAGE_FAILED', 'disk full', { cause: new Error('ENOSPC') })
  const error = new MillraceError('CHECKPOINT_FAILED', 'no room', { cause, cure: 'free some' })
  for (const each of [error, errorToData(error)]) {
    const { logger, lines } = text()
    logger.error({ error: each }, 'oh')
    assert.deepEqual(lines[0]?.split('\n').slice(1), [
      '  CHECKPOINT_FAILED: no room',
      '  → free some',
      '  caused by: disk full',
      '  caused by: ENOSPC',
    ])
  }
  const debugging = text(false, 'debug')
  debugging.logger.error({ error }, 'oh')
  assert.match(debugging.lines[0] ?? '', /log\.test\.ts/)
})

test('long fields are cut', () => {
  const { logger, lines } = text()
  logger.info({ value: 'x'.repeat(1_000) }, '')
  assert.ok((lines[0]?.length ?? 0) < 300)
})

test('an event reaches its channel with its fields, and the log as a line', () => {
  const heard: unknown[] = []
  const listen = (message: unknown) => heard.push(message)
  subscribe('millrace:job:restarting', listen)
  const { logger, lines } = json()
  const error = errorToData(new MillraceError('WORKER_LOST', 'gone'))
  const event = { job: 'words', attempt: 2, delayMs: 100, error }
  announce(logger, 'millrace:job:restarting', event)
  unsubscribe('millrace:job:restarting', listen)
  announce(silentLogger, 'millrace:job:restarting', event)
  assert.deepEqual(heard, [event])
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>
  assert.equal(line['msg'], 'job words restarts in 100 ms, attempt 2')
  assert.equal(line['event'], 'millrace:job:restarting')
  assert.equal(line['level'], 'warn')
})

test('every line of an event uses only fields that the event has', () => {
  for (const [name, { line, fields }] of Object.entries(LIFECYCLE_EVENTS)) {
    for (const match of line.matchAll(/\{(\w+)\}/g)) {
      assert.ok(Object.hasOwn(fields, match[1] ?? ''), `${name}: ${line}`)
    }
    assert.match(name, /^millrace:[a-z]+:[a-z-]+$/)
  }
})
