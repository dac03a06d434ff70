// checkpoint ls, show and verify on a real chain with real runs, sound and damaged; and doctor.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { appendLink, fence, readChain } from '../../src/checkpoint/chain.ts'
import { runName } from '../../src/checkpoint/layout.ts'
import { RunWriter } from '../../src/state/runs/run-writer.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { SeededRandom } from '../../src/util/random.ts'
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

function randomText(keyGroup: number, index: number): string {
  const random = new SeededRandom(keyGroup * 100 + index)
  return Array.from({ length: 3_500 }, () => String.fromCharCode(33 + random.int(90))).join('')
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
    damage: { name: string; problems: string[]; checkpoints: { checkpointId: number }[] }[]
  }
  assert.deepEqual(
    damage.map(({ name, checkpoints }) => [name, checkpoints.map((each) => each.checkpointId)]),
    [
      [`runs/${first}`, [1]],
      [`runs/${second}`, [2]],
      [`runs/${third}`, [4]],
    ],
  )
  assert.match(damage[2]?.problems[0] ?? '', /missing/)
  const one = await cli('checkpoint', 'verify', 'words', '--checkpoint', '2')
  assert.equal(one.code, 1)
  assert.match(one.out, /^damaged runs\/1-2-v0-s0\.run: .*needed by checkpoint 2\n/)
  assert.match(one.out, /\n {2}lost: key groups 0-127 of count\[0\] \(count\)\n/)
  assert.match(one.out, /\nno checkpoint is sound\n$/)
})

test('verify reads on after damage, and tells of each block what is lost', async () => {
  const store = await openBlobStore(storage)
  const name = runName({ leaderEpoch: 1, checkpointId: 5, vertex: 0, subtaskIndex: 0 })
  const writer = await RunWriter.create(store, name, METADATA)
  for (const keyGroup of [3, 4, 5, 6, 7]) {
    // Random bytes are not compressed: each key group gets a block or more of its own.
    for (let index = 0; index < 10; index++) {
      writer.add({ key: rowKey(keyGroup, index), value: liveValue(randomText(keyGroup, index)) })
      await writer.flushIfFull()
    }
  }
  const reference = await writer.close()
  const body = checkpointBody(5, { jobName: 'words' })
  const [task] = body.tasks
  assert.ok(task !== undefined)
  const { head } = await readChain(store)
  await appendLink(store, head, { ...body, tasks: [{ ...task, runs: [reference] }] })
  await store.close()
  const file = join(storage, name)
  const bytes = readFileSync(file)
  for (const at of [10, Math.floor(bytes.length * 0.7)]) bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(file, bytes)
  const { code, out } = await cli('checkpoint', 'verify', 'words', '--json')
  assert.equal(code, 1)
  const { damage, sound } = JSON.parse(out) as {
    damage: {
      problems: string[]
      checkpoints: { checkpointId: number; losses: Record<string, unknown>[] }[]
    }[]
    sound: number[]
  }
  assert.equal(damage.length, 1)
  assert.equal(damage[0]?.problems.length, 2)
  assert.match(damage[0]?.problems[0] ?? '', /block 0: its checksum is wrong/)
  const [needing] = damage[0]?.checkpoints ?? []
  assert.equal(needing?.checkpointId, 5)
  const [loss] = needing?.losses ?? []
  assert.deepEqual([loss?.['task'], loss?.['operators']], ['count[0]', ['count']])
  const ranges = loss?.['keyGroups'] as { start: number; end: number }[]
  assert.equal(ranges.length, 2, JSON.stringify(ranges))
  assert.equal(ranges[0]?.start, 3)
  assert.ok((ranges[0]?.end ?? 9) < 5 && (ranges[1]?.start ?? 0) > 5, JSON.stringify(ranges))
  assert.deepEqual(sound, [1, 2, 4])
})

test('verify shows on a terminal how far it is', async () => {
  const seen = await perform(folder.path, ['checkpoint', 'verify', 'words'], { errIsTty: true })
  assert.equal(seen.code, 0)
  assert.match(seen.err, /verifying file 3 of 3, \S+ \S+ of \S+ \S+/)
})

test('gc tells what no checkpoint needs, and deletes it only without --dry-run', async () => {
  const runs = join(storage, 'runs')
  const store = await openBlobStore(storage)
  await fence(store, { jobName: 'words', writtenAt: 0 }, () => ({ restores: 3, lineage: 'a' }))
  await store.close()
  for (const name of ['1-3-v0-s0.run', '1-4-v0-s0-m1.run', '2-5-v0-s0.run', 'note.txt']) {
    writeFileSync(join(runs, name), 'left over')
  }
  const before = readdirSync(runs).length
  const dry = await cli('checkpoint', 'gc', 'words', '--dry-run')
  assert.equal(dry.code, 0, dry.err)
  assert.match(dry.out, /^runs\/1-3-v0-s0\.run +9 B +no checkpoint names it/m)
  assert.match(dry.out, /^2 files, 18 B, would be deleted$/m)
  assert.match(dry.out, /^3 files, .* kept that checkpoints name$/m)
  assert.match(dry.out, /^1 file, 9 B, kept of the newest run of the job/m)
  assert.match(dry.out, /^1 file, 9 B, kept that Millrace did not write$/m)
  assert.equal(readdirSync(runs).length, before)
  const { code, out } = await cli('checkpoint', 'gc', 'words', '--json')
  assert.equal(code, 0)
  const { isDryRun, deleted } = JSON.parse(out) as { isDryRun: boolean; deleted: unknown[] }
  assert.deepEqual(
    [isDryRun, deleted],
    [
      false,
      ['runs/1-3-v0-s0.run', 'runs/1-4-v0-s0-m1.run'].map((name) => {
        return { name, lengthBytes: 9, reason: 'unnamed' }
      }),
    ],
  )
  assert.equal(readdirSync(runs).length, before - 2)
  assert.equal((await cli('checkpoint', 'verify', 'words')).code, 0)
  assert.match((await cli('checkpoint', 'gc', 'words')).out, /^0 files, 0 B, deleted$/m)
})

test('gc deletes no run while a manifest is damaged, and ends with 1', async () => {
  const chain = join(storage, 'chain')
  truncateSync(join(chain, readdirSync(chain).toSorted()[1] ?? ''), 30)
  const { code, out, err } = await cli('checkpoint', 'gc', 'words')
  assert.equal(code, 1)
  assert.match(out, /^1 file, .* kept that a damaged manifest may name$/m)
  assert.match(err, /damaged: chain\/000000000002\.manifest/)
  assert.equal(readdirSync(join(storage, 'runs')).length, 3)
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
  writeFileSync(join(storage, 'runs', '1-9-v0-s0.run.tmp-4711-ab12'), 'half')
  const left = await cli('doctor')
  assert.equal(left.code, 0)
  assert.match(left.out, /^note +left-overs of words +1 throw-away files/m)
})
