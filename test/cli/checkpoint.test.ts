// checkpoint ls, show and verify on a real chain with real runs, sound and damaged; and doctor.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { appendLink, readChain } from '../../src/checkpoint/chain.ts'
import { runName } from '../../src/checkpoint/layout.ts'
import { RunWriter } from '../../src/state/runs/run-writer.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { checkpointBody } from '../checkpoint/links.ts'
import { liveValue, METADATA, rowKey } from '../state/runs/entries.ts'
import { perform, temporaryFolder } from './cli.ts'

let folder = temporaryFolder()
let storage = ''
beforeEach(async () => {
  folder = temporaryFolder()
  storage = join(folder.path, '.millrace', 'words', 'checkpoints')
  for (const checkpointId of [1, 2, 4]) await writeCheckpoint(checkpointId)
})
afterEach(() => folder.remove())
const cli = (...args: string[]) => perform(folder.path, args)

async function writeCheckpoint(checkpointId: number): Promise<void> {
  const store = await openBlobStore(storage)
  const body = checkpointBody(checkpointId, { jobName: 'words' })
  const [task] = body.tasks
  assert.ok(task !== undefined)
  const name = runName({ leaderEpoch: 1, checkpointId, vertex: 0, subtaskIndex: 0 })
  const writer = await RunWriter.create(store, name, METADATA)
  for (let index = 0; index < 100; index++) {
    writer.add({ key: rowKey(3, index), value: liveValue(`value ${index}`) })
    await writer.flushIfFull()
  }
  const tasks = [{ ...task, runs: [await writer.close()] }]
  const { head } = await readChain(store)
  assert.notEqual(await appendLink(store, head, { ...body, tasks }), 'lost')
  await store.close()
}

test('ls lists the checkpoints of a job or a folder, newest first', async () => {
  for (const name of ['words', storage, join(folder.path, '.millrace', 'words')]) {
    const { code, out, err } = await cli('checkpoint', 'ls', name)
    assert.equal(code, 0, err)
    const numbers = out.split('\n').map((line) => line.trim().split(/\s+/)[0])
    assert.deepEqual(numbers, ['N', '4', '2', '1', ''])
  }
  const json = JSON.parse((await cli('checkpoint', 'ls', 'words', '--json')).out) as {
    checkpoints: { checkpointId: number; totalBytes: number; entries: number }[]
    damage: unknown[]
  }
  assert.deepEqual(json.damage, [])
  assert.deepEqual(
    json.checkpoints.map(({ checkpointId, entries }) => [checkpointId, entries]),
    [
      [4, 100],
      [2, 100],
      [1, 100],
    ],
  )
})

test('show tells what the newest or a chosen checkpoint holds', async () => {
  const { code, out } = await cli('checkpoint', 'show', 'words')
  assert.equal(code, 0)
  assert.match(out, /^job +words\ncheckpoint +4 \(periodic\)/)
  assert.match(out, /OPERATOR +KEY +STATE +TYPE\ncount +string +n: value +int32/)
  assert.match(out, /runs\/1-4-v0-s0\.run/)
  const json = JSON.parse(
    (await cli('checkpoint', 'show', 'words', '--checkpoint', '2', '--json')).out,
  ) as { checkpointId: number; jobName: string }
  assert.deepEqual([json.checkpointId, json.jobName], [2, 'words'])
  const none = await cli('checkpoint', 'show', 'words', '--checkpoint', '3')
  assert.equal(none.code, 3)
  assert.match(none.err, /no checkpoint 3 [\s\S]*there are 1, 2, 4/)
})

test('verify reads everything and finds nothing wrong with a sound job', async () => {
  const { code, out } = await cli('checkpoint', 'verify', 'words')
  assert.equal(code, 0)
  assert.match(out, /^3 checkpoints, 3 files, .*: sound\n$/)
})

test('verify names a flipped byte, a cut file and a missing one, and ends with 1', async () => {
  const runs = join(storage, 'runs')
  const [first = '', second = '', third = ''] = readdirSync(runs).toSorted((a, b) =>
    a.localeCompare(b),
  )
  const bytes = readFileSync(join(runs, first))
  bytes[20] = (bytes[20] ?? 0) ^ 1
  writeFileSync(join(runs, first), bytes)
  truncateSync(join(runs, second), 100)
  rmSync(join(runs, third))
  const { code, out } = await cli('checkpoint', 'verify', 'words', '--json')
  assert.equal(code, 1)
  const { damage } = JSON.parse(out) as {
    damage: { name: string; problem: string; checkpoints: number[] }[]
  }
  assert.deepEqual(
    damage.map(({ name, checkpoints }) => [name, checkpoints]),
    [
      [`runs/${first}`, [1]],
      [`runs/${second}`, [2]],
      [`runs/${third}`, [4]],
    ],
  )
  assert.match(damage[2]?.problem ?? '', /missing/)
  const one = await cli('checkpoint', 'verify', 'words', '--checkpoint', '2')
  assert.equal(one.code, 1)
  assert.match(one.out, /^damaged runs\/1-2-v0-s0\.run: .*needed by checkpoint 2\n/)
})

test('a damaged manifest is listed by ls and fails verify and doctor', async () => {
  const chain = join(storage, 'chain')
  const [, second = ''] = readdirSync(chain).toSorted((a, b) => a.localeCompare(b))
  truncateSync(join(chain, second), 30)
  const listed = await cli('checkpoint', 'ls', 'words')
  assert.equal(listed.code, 0)
  assert.match(listed.err, /damaged: chain\/000000000002\.manifest/)
  assert.equal((await cli('checkpoint', 'verify', 'words')).code, 1)
  const doctor = await cli('doctor')
  assert.equal(doctor.code, 1)
  assert.match(doctor.out, /^problem +checkpoints of words +chain\/000000000002\.manifest/m)
})

test('what has no checkpoints is not found, with the nearest job', async () => {
  const { code, err } = await cli('checkpoint', 'ls', 'wrods')
  assert.equal(code, 3)
  assert.match(err, /no job and no folder wrods[\s\S]*did you mean words\?/)
  const empty = await cli('checkpoint', 'verify', folder.path)
  assert.equal(empty.code, 3)
})

test('doctor finds nothing wrong here, and says so as JSON too', async () => {
  const { code, out } = await cli('doctor', '--json')
  const { problems, findings } = JSON.parse(out) as {
    problems: number
    findings: { check: string; level: string; detail: string; cure?: string }[]
  }
  assert.deepEqual([code, problems], [0, 0], out)
  const checks = findings.map(({ check }) => check)
  for (const check of ['node', 'options', 'memory', 'rocksdb', 'disk space', 'disk sync']) {
    assert.ok(checks.includes(check), check)
  }
  const chain = findings.find(({ check }) => check === 'checkpoints of words')
  assert.match(chain?.detail ?? '', /^3, the newest is 4/)
  assert.ok(findings.every(({ level, cure }) => level === 'ok' || cure !== undefined))
})

test('doctor reports wrong options, a directory that cannot be, and left-over files', async () => {
  writeFileSync(join(folder.path, 'file'), '')
  const wrong = await perform(folder.path, ['doctor', '--directory', 'file/x'])
  assert.equal(wrong.code, 1)
  assert.match(wrong.out, /^problem +directory/m)
  const environment = { MILLRACE_PARALLELISM: 'x' }
  const options = await perform(folder.path, ['doctor'], { environment })
  assert.equal(options.code, 1)
  assert.match(options.out, /^problem +options +parallelism \(from environment/m)
  writeFileSync(join(storage, 'runs', 'half.tmp'), 'half')
  const left = await cli('doctor')
  assert.equal(left.code, 0)
  assert.match(left.out, /^note +left-overs of words +1 throw-away files/m)
})
