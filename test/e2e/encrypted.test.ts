// A job whose state is encrypted, as a program: killed in the middle and run again, nothing that it
// keeps on disk and nothing that it says holds a key or a value of its records.
import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { assertFailure, jobModule, type Project, project } from './project.ts'

const CANARIES = ['canary-key-4711', 'canary-value-0815', 'Y2FuYXJ5', '63616e617279']
const KEY = Buffer.alloc(32, 7).toString('base64')
/** Each of so many records that what finds no room in memory waits on disk. */
const BURSTS = 20
const KEYS = 50
const EACH = (BURSTS * 2_000) / KEYS

/** Counts heavy records by key, between two workers. */
const secret = (burstsPerSecond: number, busyMs: number): string =>
  jobModule(
    'secret',
    [
      'const bursts = dataGenerator({',
      '  generate: (burst) => burst,',
      `  count: ${BURSTS},`,
      `  ratePerSecond: ${burstsPerSecond},`,
      '})',
      "const filler = 'canary-value-0815 '.repeat(120)",
      'const counting = keyedProcess({',
      '  key: t.string,',
      '  state: { last: valueState(t.string), total: valueState(t.int32) },',
      '  processElement({ index, text }, { state: { last, total } }, out) {',
      `    for (const until = performance.now() + ${busyMs}; performance.now() < until; );`,
      '    const count = (total.value() ?? 0) + 1',
      '    total.update(count)',
      '    last.update(text + index)',
      `    if (count === ${EACH}) out.collect(count)`,
      '  },',
      '})',
      'env',
      "  .fromSource('bursts', bursts)",
      '  .flatMap(() => Array.from({ length: 2_000 }, (_, index) => ({ index, text: filler })))',
      `  .keyBy(({ index }) => 'canary-key-4711-' + (index % ${KEYS}), t.string)`,
      "  .process('counting', counting)",
      "  .sinkTo('out', fileSink({ path: 'out', format: 'json-lines' }))",
    ].join('\n'),
    "parallelism: 2, outboxBytes: '64 KiB', checkpointing: { interval: '60 ms' }, " +
      "state: { localRecovery: 'on' }",
  )

/** Every file below a folder. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function requireNoCanary(bytes: Buffer, where: string): void {
  for (const canary of CANARIES) assert.equal(bytes.indexOf(canary), -1, `${canary} in ${where}`)
}

/** Nothing of what a job has left on disk, apart from its output. */
function requireCleanFiles({ path }: Project): void {
  for (const file of filesBelow(join(path, '.millrace'))) {
    requireNoCanary(readFileSync(file), file)
  }
}

async function killedOnceAllIsThere(place: Project): Promise<void> {
  const { child, ended } = place.start('run', 'job.ts', '--encryption-keys', 'file:keys')
  const seen = new Set<string>()
  for (let waitedMs = 0; seen.size < 3; waitedMs += 10) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    for (const file of filesBelow(place.path).filter((each) => each.includes('.millrace/'))) {
      if (file.includes('/copies/') && file.endsWith('.sums')) seen.add('copies')
      if (/0000[3-9]\.manifest$/.test(file)) seen.add('checkpoints')
      if (!file.includes('/state/') || (statIfThere(file)?.size ?? 0) === 0) continue
      seen.add('spill')
    }
    if (seen.has('spill')) requireCleanState(place)
    if (child.exitCode !== null) assert.fail(`only ${[...seen].join()}: ${(await ended).err}`)
    assert.ok(waitedMs < 30_000, `only ${[...seen].join()}`)
  }
  child.kill('SIGKILL')
  const { err, out } = await ended
  requireNoCanary(Buffer.from(err + out), 'what it said')
  requireCleanFiles(place)
}

const statIfThere = (file: string) => statSync(file, { throwIfNoEntry: false })

/** Of a job that runs: its files come and go. */
function requireCleanState({ path }: Project): void {
  for (const file of filesBelow(join(path, '.millrace/secret/state'))) {
    if (statIfThere(file) === undefined) continue
    try {
      requireNoCanary(readFileSync(file), file)
    } catch (error) {
      if (Reflect.get(Object(error), 'code') !== 'ENOENT') throw error
    }
  }
}

it('keeps no key and no value in the clear', { timeout: 90_000 }, async (test) => {
  const place = project(test)
  place.write('job.ts', secret(2, 0.1))
  chmodSync(place.write('keys', `2026-11 ${KEY}\n`), 0o600)
  await killedOnceAllIsThere(place)

  place.write('job.ts', secret(100, 0))
  const keys = ['--encryption-keys', 'file:keys']
  const { code, err } = await place.millrace('run', 'job.ts', ...keys, '--log-level', 'debug')
  assert.equal(code, 0, err)
  assert.match(err, /restoredFrom|restored/)
  requireNoCanary(Buffer.from(err), 'the log')
  const output = filesBelow(join(place.path, 'out')).map((file) => readFileSync(file, 'utf8'))
  assert.deepEqual(
    output.join('').trim().split('\n'),
    Array.from({ length: KEYS }, () => String(EACH)),
  )
  requireCleanFiles(place)

  const shown = await place.millrace('checkpoint', 'show', 'secret', ...keys)
  assert.match(shown.out, /encrypted +under the key "2026-11"/)
  const got = await place.millrace(
    'state',
    'get',
    'secret',
    'counting',
    '--key',
    'canary-key-4711-7',
    ...keys,
  )
  assert.match(got.out, /canary-value-0815/, got.err)
  await requireKeys(place)
})

/** Without the right key nothing is read and nothing is begun. */
async function requireKeys(place: Project): Promise<void> {
  const other = Buffer.alloc(32, 8).toString('base64')
  const run = ['run', 'job.ts', '--encryption-keys']
  assertFailure(await place.millrace('run', 'job.ts'), {
    exit: 1,
    code: 'STORAGE_ENCRYPTED',
    says: /under the key "2026-11"/,
    cure: /encryption\.keys/,
  })
  chmodSync(place.write('other', `2026-11 ${other}\n`), 0o600)
  const wrong = assertFailure(await place.millrace(...run, 'file:other'), {
    exit: 1,
    code: 'DECRYPTION_FAILED',
    says: /"2026-11"/,
    cure: /the key/,
  })
  assert.ok(!wrong.message.includes(other))
}
