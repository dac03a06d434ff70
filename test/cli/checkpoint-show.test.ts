// The figures of checkpoint show.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { appendLink, EMPTY_HEAD, headAt } from '../../src/checkpoint/chain.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { checkpointBody } from '../checkpoint/links.ts'
import { perform, temporaryFolder } from './cli.ts'

const folder = temporaryFolder()
after(() => folder.remove())
const cli = (...args: string[]) => perform(folder.path, args)

test('show marks the slowest task, and takes the later phases from the next link', async () => {
  const other = join(folder.path, 'figures')
  const store = await openBlobStore(other)
  const task = { vertex: 0, alignmentMs: 1, syncMs: 2, asyncMs: 30, bytes: 100, dirtyEntries: 5 }
  const tasks = [
    { ...task, subtaskIndex: 0, startDelayMs: 3, sinkMs: 10, acknowledgedMs: 50 },
    { ...task, subtaskIndex: 1, startDelayMs: 400, sinkMs: 10, acknowledgedMs: 450 },
  ]
  const figures = {
    initMs: 1,
    prepareMs: 450,
    confirmMs: 0,
    completeMs: 0,
    bytes: 200,
    dirtyEntries: 10,
  }
  const former = [{ checkpointId: 1, confirmMs: 7, completeMs: 12 }]
  const first = checkpointBody(1, { statistics: { ...figures, tasks } })
  const second = checkpointBody(2, { statistics: { ...figures, tasks: [], former } })
  const entry = await appendLink(store, EMPTY_HEAD, first)
  assert.ok(entry !== 'lost')
  await appendLink(store, headAt(entry), second)
  const show = (...args: string[]) => cli('checkpoint', 'show', other, ...args)
  const { out } = await show('--checkpoint', '1')
  assert.match(out, /^phases +init 1 ms, prepare 450 ms, confirm 7 ms, complete 12 ms$/m)
  assert.match(out, /^TASK +SUBTASK +BARRIER +ALIGN +CUT +SINKS +WRITE +TOTAL +BYTES +CHANGED/m)
  assert.match(out, / 0 +3 ms +1 ms +2 ms +10 ms +20 ms +50 ms +100 B +5$/m)
  assert.match(out, / 1 +400 ms .* 450 ms +100 B +5 +← slowest: barrier$/m)
  const json = JSON.parse((await show('--checkpoint', '1', '--json')).out) as {
    statistics: Record<string, unknown>
  }
  const { confirmMs, completeMs, slowestTask } = json.statistics
  assert.deepEqual(
    { confirmMs, completeMs, slowestTask },
    { confirmMs: 7, completeMs: 12, slowestTask: { vertex: 0, subtaskIndex: 1, part: 'barrier' } },
  )
  assert.match((await show()).out, /confirm and complete: told by the next checkpoint/)
})
