// `millrace check` as a process: what fits, what is new, what would be lost or cannot be read.
import assert from 'node:assert/strict'
import { cpSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Finding } from '../../src/checkpoint/comparison.ts'
import { jobsFolder, type Outcome, perform, start, temporaryFolder } from './cli.ts'

const orders = join(jobsFolder, 'orders.ts')
const folder = temporaryFolder()
const cli = (...args: string[]): Promise<Outcome> => start(folder.path, args).ended
after(() => folder.remove())
before(async () => {
  const { code, err } = await cli('run', orders, '--param', 'version=before')
  assert.equal(code, 0, err)
})

const check = (version: string, ...args: string[]): Promise<Outcome> =>
  perform(folder.path, ['check', orders, '--param', `version=${version}`, ...args])

function lines({ out }: Outcome): string[] {
  return out.split('\n').map((line) => line.replace(/ {2,}/g, ' | ').trim())
}

test('the same job fits, whatever the snapshot is called, and nothing is written', async () => {
  const chain = join(folder.path, '.millrace', 'orders', 'checkpoints', 'chain')
  const files = () => readdirSync(chain).map((name) => [name, statSync(join(chain, name)).mtimeMs])
  const before = files()
  const outcome = await cli('check', orders, '--param', 'version=before')
  assert.equal(outcome.code, 0, outcome.err)
  assert.match(outcome.out, /^orders against checkpoint \d+ of orders, /)
  assert.deepEqual(lines(outcome).slice(2), [
    'OPERATOR | WHAT | VERDICT | WHY',
    'numbers | positions | fits',
    'totals | key | fits',
    'totals | total: value | fits',
    'totals | seen: list | fits',
    '',
    'It fits.',
    '',
  ])
  assert.deepEqual(files(), before)
  const id = /checkpoint (\d+)/.exec(outcome.out)?.[1] ?? ''
  for (const against of ['orders', id, '.millrace/orders', '.millrace/orders/checkpoints']) {
    assert.equal((await check('before', '--against', against)).code, 0, against)
  }
})

test('state that nobody claims ends with a code of its own', async () => {
  const outcome = await cli('check', orders, '--param', 'version=leaner')
  assert.equal(outcome.code, 5, outcome.err)
  assert.deepEqual(lines(outcome).slice(3, -1), [
    'numbers | positions | fits',
    'totals | key | fits',
    'totals | total: value | lost | state "total" of "totals" is gone',
    'totals | seen: list | fits',
    'totals | last: value | new | starts empty',
    '',
    'It does not fit: 1 would be lost.',
    'To give that up: --drop totals.total',
  ])
  const gone = await check('gone')
  assert.equal(gone.code, 5)
  assert.match(gone.out, /totals +total, seen +lost +operator "totals" \(process\) is gone/)
})

test('a drop that is named makes it fit, on the command line and in config', async () => {
  const outcome = await check('leaner', '--drop', 'totals.total')
  assert.equal(outcome.code, 0, outcome.out)
  assert.match(outcome.out, /total: value +dropped +state "total" of "totals" is gone/)
  assert.equal((await check('gone', '--drop', 'totals.seen', '--drop', 'totals.total')).code, 0)
  assert.equal((await check('gone', '--drop', 'totals')).code, 0)
  assert.equal((await check('textual', '--set', 'drop=totals.total')).code, 0)
})

test('run refuses what check refuses, and checkpoint show tells what was dropped', async () => {
  const copy = join(folder.path, 'copy')
  cpSync(join(folder.path, '.millrace', 'orders', 'checkpoints'), copy, { recursive: true })
  const elsewhere = ['--from', copy, '--directory', 'other', '--param', 'version=leaner']
  const refused = await cli('run', orders, ...elsewhere)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /CHECKPOINT_INCOMPATIBLE/)
  assert.match(refused.err, /--drop totals\.total/)
  const done = await cli('run', orders, ...elsewhere, '--drop', 'totals.total')
  assert.equal(done.code, 0, done.err)
  assert.match(done.err, /state \\"total\\" of \\"totals\\" is gone/)
  const shown = await perform(folder.path, ['checkpoint', 'show', 'other/orders'])
  assert.match(shown.out, /totals +int32 +\(1 dropped\)/)
})

test('what does not fit ends with another, and programs read it as JSON', async () => {
  const outcome = await check('textual', '--json')
  assert.equal(outcome.code, 6, outcome.err)
  const found = JSON.parse(outcome.out) as {
    readonly job: string
    readonly fits: boolean
    readonly snapshot: { readonly jobName: string; readonly findings: readonly Finding[] }
  }
  assert.deepEqual([found.job, found.fits, found.snapshot.jobName], ['orders', false, 'orders'])
  assert.deepEqual(
    found.snapshot.findings.find(({ verdict }) => verdict === 'incompatible'),
    {
      uid: 'totals',
      state: 'total',
      what: 'total: value',
      verdict: 'incompatible',
      why:
        'state "total" of "totals" has another type: was float64, is string ' +
        '(convert it with t.versioned)',
      drop: 'totals.total',
    },
  )
})

test('other key groups are told, and what is not there is no loss', async () => {
  const outcome = await check('before', '--set', 'maxParallelism=64', '--parallelism', '2')
  assert.equal(outcome.code, 6)
  assert.match(outcome.out, /parallelism was 1, is 2: state is spread anew/)
  assert.match(outcome.out, /maxParallelism was 128, is 64/)
  assert.equal((await check('before', '--against', '99')).code, 3)
  assert.equal((await check('before', '--against', 'nowhere')).code, 3)
  assert.equal((await check('other')).code, 2)
})
