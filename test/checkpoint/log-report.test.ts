// What the log says of a checkpoint: how loudly, and with which figures.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logReport } from '../../src/checkpoint/log-report.ts'
import type { CheckpointReport } from '../../src/checkpoint/protocol.ts'
import type { LogFields, Logger } from '../../src/metrics/log.ts'
import { STATISTICS } from './links.ts'
import { errorData } from './protocol-driver.ts'

/** The lines of a report: level, fields, message. */
function linesOf(report: CheckpointReport): readonly (readonly [string, LogFields, string])[] {
  const lines: [string, LogFields, string][] = []
  const at = (level: string) => (fields: LogFields, message: string) =>
    void lines.push([level, fields, message])
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  }
  logReport(logger, report)
  return lines
}

const of = { checkpointId: 7, purpose: 'periodic' } as const
const fields = { checkpoint: 7, purpose: 'periodic' }
const { tasks: _tasks, ...figures } = STATISTICS

test('a checkpoint is told with its figures: complete to everybody, confirmed to who asks', () => {
  const statistics = STATISTICS
  assert.deepEqual(linesOf({ ...of, outcome: 'completed', statistics }), [
    ['info', { ...fields, ...figures }, 'checkpoint 7 completed'],
  ])
  assert.deepEqual(linesOf({ ...of, outcome: 'confirmed', statistics }), [
    ['debug', { ...fields, ...figures }, 'checkpoint 7 confirmed'],
  ])
})

test('what did not go well is a warning: with the code, or with who is waited for', () => {
  const error = errorData('no space')
  const failed = { ...of, outcome: 'failed', error, consecutiveFailures: 1 } as const
  assert.deepEqual(linesOf(failed), [['warn', { ...fields, code: error.code }, 'no space']])
  const [line] = linesOf({ ...of, outcome: 'slow-commit', waitingForWorkers: [2] })
  assert.deepEqual(line?.slice(0, 2), ['warn', { ...fields, waitingForWorkers: [2] }])
  const slow = {
    ...of,
    phase: 'prepare',
    runningMs: 2600,
    acknowledged: 1,
    tasks: 2,
    reasons: ['a', 'b'],
    cure: 'wait',
  } as const
  assert.deepEqual(linesOf({ ...of, outcome: 'slow', slow }), [
    [
      'warn',
      { ...fields, phase: 'prepare', runningMs: 2600, acknowledged: 1, tasks: 2, cure: 'wait' },
      'checkpoint 7 is slow: 3 s, in phase prepare: a; b',
    ],
  ])
})
