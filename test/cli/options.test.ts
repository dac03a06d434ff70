// `millrace config` and `plan`: what is shown of options and of a job that is not run.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { OPTION_KEYS } from '../../src/config/options.ts'
import { jobsFolder, perform, temporaryFolder } from './cli.ts'

const folder = temporaryFolder()
after(() => folder.remove())
const sums = join(jobsFolder, 'sums.ts')

type Shown = Readonly<Record<string, { readonly value: unknown; readonly origin: string }>>

test('config shows every option with its value and origin, flags above all', async () => {
  writeFileSync(join(folder.path, 'millrace.config.yaml'), 'checkpointing:\n  keep: 5\n')
  const args = ['config', sums, '--parallelism', '4', '--set', 'restart.attempts=2', '--json']
  const environment = { MILLRACE_MEMORY: '64 MB' }
  const { code, out } = await perform(folder.path, args, { environment })
  assert.equal(code, 0)
  const shown = JSON.parse(out) as Shown
  assert.deepEqual(Object.keys(shown), OPTION_KEYS)
  assert.deepEqual(shown['parallelism'], { value: 4, origin: '--parallelism' })
  assert.deepEqual(shown['restart.attempts'], { value: 2, origin: '--set restart.attempts' })
  assert.deepEqual(shown['memory'], {
    value: 64 * 1024 ** 2,
    origin: 'environment MILLRACE_MEMORY',
  })
  assert.deepEqual(shown['checkpointing.keep'], { value: 5, origin: 'millrace.config.yaml' })
  assert.deepEqual(shown['checkpointing.interval'], { value: 1_000, origin: 'job "sums"' })
  assert.deepEqual(shown['checkpointing.storage'], { value: null, origin: 'default' })
})

test('config as text is a table with units', async () => {
  const { out } = await perform(folder.path, ['config'])
  assert.match(out, /^OPTION +VALUE +FROM\n/)
  assert.match(out, /^checkpointing\.interval +10 s +default$/m)
  assert.match(out, /^checkpointing\.keep +5 +millrace\.config\.yaml$/m)
})

test('plan shows tasks, states and sinks of a job, as text and as JSON', async () => {
  const text = await perform(folder.path, ['plan', sums, '--parallelism', '2'])
  assert.equal(text.code, 0, text.err)
  assert.match(text.out, /^sums: 2 tasks × parallelism 2/)
  assert.match(text.out, /totals/)
  const json = await perform(folder.path, ['plan', sums, '--param', 'count=3', '--json'])
  const plan = JSON.parse(json.out) as { jobName: string; vertices: unknown[] }
  assert.deepEqual([plan.jobName, plan.vertices.length], ['sums', 1])
})

test('plan refuses wrong parameters and modules with 2, naming the cure', async () => {
  const wrong = await perform(folder.path, ['plan', sums, '--param', 'cuont=3'])
  assert.equal(wrong.code, 2)
  assert.match(wrong.err, /did you mean count\?/)
  writeFileSync(join(folder.path, 'none.ts'), 'export const a = 1\n')
  const none = await perform(folder.path, ['plan', 'none.ts'])
  assert.equal(none.code, 2)
  assert.match(none.err, /none\.ts has no default export[\s\S]*JOB_MODULE_INVALID/)
})
