// `millrace lock` and `millrace check --lock` as processes: changes of state that nobody locked.
import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, test } from 'node:test'
import { jobsFolder, type Outcome, perform, start, temporaryFolder } from './cli.ts'

let folder = temporaryFolder()
beforeEach(() => {
  folder = temporaryFolder()
  for (const name of ['orders', 'sums']) {
    const url = pathToFileURL(join(jobsFolder, `${name}.ts`)).href
    writeFileSync(join(folder.path, `${name}.mjs`), `export { default } from '${url}'\n`)
  }
})
afterEach(() => folder.remove())

const cli = (...args: string[]): Promise<Outcome> => perform(folder.path, args)
const orders = (version: string) => ['orders.mjs', '--param', `version=${version}`]
const lockFile = () => join(folder.path, 'state.lock.json')

test('what is locked passes, what is not ends with a code of its own', async () => {
  const written = await start(folder.path, ['lock', ...orders('before')]).ended
  assert.deepEqual([written.code, written.err], [0, ''])
  assert.equal(written.out, 'wrote state.lock.json: orders, 2 operators with state\n')
  const same = await start(folder.path, ['check', ...orders('before'), '--lock']).ended
  assert.deepEqual([same.code, same.out], [0, 'orders is as state.lock.json says.\n'])

  const changed = await start(folder.path, ['check', ...orders('leaner'), '--lock']).ended
  assert.equal(changed.code, 7, changed.err)
  assert.match(changed.out, /^orders is not as state\.lock\.json says:\n/)
  assert.match(changed.out, /totals +total: value +lost/)
  assert.match(changed.out, /totals +last: value +new/)
  assert.doesNotMatch(changed.out, /fits/)
  assert.match(changed.out, /millrace lock orders\.mjs\n$/)
})

test('the file holds uids, kinds and schemas of all jobs beside it', async () => {
  await cli('lock', ...orders('before'))
  await cli('lock', 'sums.mjs')
  const lock = JSON.parse(readFileSync(lockFile(), 'utf8')) as {
    jobs: Record<string, { maxParallelism: number; operators: { uid: string; states: object[] }[] }>
  }
  assert.deepEqual(Object.keys(lock.jobs), ['orders', 'sums'])
  assert.deepEqual(lock.jobs['orders']?.operators[1], {
    uid: 'totals',
    kind: 'operator',
    operation: 'process',
    keyType: { kind: 'int32' },
    states: [
      { name: 'seen', kind: 'list', type: { kind: 'int32' } },
      { name: 'total', kind: 'value', type: { kind: 'float64' } },
    ],
    usesTimers: false,
  })
  const { mtimeMs } = statSync(lockFile())
  const again = await cli('lock', ...orders('before'))
  assert.match(again.out, /is up to date/)
  assert.equal(statSync(lockFile()).mtimeMs, mtimeMs)
  // Another tool's formatting is no change.
  writeFileSync(lockFile(), JSON.stringify(lock))
  assert.equal((await cli('check', ...orders('before'), '--lock')).code, 0)
})

test('the lock that lies beside a job is compared without being asked for', async () => {
  await cli('lock', ...orders('before'))
  assert.equal((await cli('check', ...orders('before'))).code, 0)
  assert.equal((await cli('check', ...orders('textual'))).code, 7)
  assert.equal((await start(folder.path, ['run', ...orders('before')]).ended).code, 0)
  const both = await cli('check', ...orders('leaner'), '--against', 'orders', '--json')
  assert.equal(both.code, 5) // a loss weighs more than a lock
  const report = JSON.parse(both.out) as {
    lock: { isLocked: boolean }
    snapshot: { checkpointId: number }
    fits: boolean
  }
  assert.deepEqual([report.fits, report.lock.isLocked], [false, false])
  const dropped = ['--against', 'orders', '--drop', 'totals.total']
  assert.equal((await cli('check', ...orders('leaner'), ...dropped)).code, 7)
  await cli('lock', ...orders('leaner'))
  assert.equal((await cli('check', ...orders('leaner'), ...dropped)).code, 0)
})

test('other key groups are a change too', async () => {
  await cli('lock', ...orders('before'))
  const outcome = await cli('check', ...orders('before'), '--set', 'maxParallelism=64')
  assert.equal(outcome.code, 7)
  assert.match(outcome.out, /maxParallelism was 128, is 64/)
})

test('a lock that is missing or broken is told, and how to write it', async () => {
  const missing = await cli('check', ...orders('before'), '--lock')
  assert.equal(missing.code, 3)
  assert.match(missing.err, /millrace lock orders\.mjs/)
  writeFileSync(lockFile(), '{"formatVersion": 2, "jobs": {}}')
  const broken = await cli('check', ...orders('before'))
  assert.equal(broken.code, 2)
  assert.match(broken.err, /is no state lock: formatVersion is not 1/)
  writeFileSync(lockFile(), '<<<<<<<')
  assert.equal((await cli('lock', ...orders('before'))).code, 2)
  writeFileSync(lockFile(), '{"formatVersion": 1, "jobs": {}}')
  assert.equal((await cli('check', ...orders('before'), '--lock')).code, 7)
})
