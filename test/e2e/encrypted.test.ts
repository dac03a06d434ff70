// A job whose state is encrypted, as a program: killed in the middle and run again, nothing that it
// keeps on disk and nothing that it says holds a key or a value of its records.
import assert from 'node:assert/strict'
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import {
  ALL_KINDS,
  canaryJob,
  expectedOutput,
  filesBelow,
  hasCanary,
  type Kind,
  look,
  requireNothingReadable,
  visibleOutput,
} from './canary-job.ts'
import { assertFailure, jobModule, type Project, project } from './project.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')
const WITH_KEYS = ['--encryption-keys', 'file:keys'] as const
const LOOKS_MAX = 2_000

function place(test: TestContext, job: string): Project {
  const made = project(test)
  made.write('job.ts', job)
  chmodSync(made.write('keys', `2026-11 ${KEY}\n`), 0o600)
  return made
}

function requireSilence(text: string, where: string): void {
  assert.ok(!hasCanary(Buffer.from(text)), where)
}

/** Looks at all files again and again until there has been what is waited for; then kills. */
async function killedOnce(
  { start }: Project,
  args: readonly string[],
  isEnough: () => string | undefined,
): Promise<string> {
  const { child, ended } = start('run', 'job.ts', ...args)
  for (let looks = 0, missing = isEnough(); missing !== undefined; missing = isEnough()) {
    await new Promise((resolve) => setTimeout(resolve, 15))
    if (child.exitCode !== null) assert.fail(`only ${missing}: ${(await ended).err}`)
    assert.ok(++looks < LOOKS_MAX, `only ${missing}`)
  }
  child.kill('SIGKILL')
  const { err, out } = await ended
  return err + out
}

it('keeps no key and no value in the clear', { timeout: 180_000 }, async (test) => {
  const made = place(test, canaryJob(2, 0.1))
  const seen = new Set<Kind>()
  const said = await killedOnce(made, WITH_KEYS, () => {
    const looked = look(made)
    assert.deepEqual([...looked.readable, ...looked.others], [])
    for (const kind of looked.seen) seen.add(kind)
    return seen.size === ALL_KINDS ? undefined : [...seen].join()
  })
  requireSilence(said, 'what it said')
  requireNothingReadable(made)

  made.write('job.ts', canaryJob(100, 0))
  const { code, err, out } = await made.millrace(
    'run',
    'job.ts',
    ...WITH_KEYS,
    '--log-level',
    'debug',
  )
  assert.equal(code, 0, err)
  assert.match(err, /restoredFrom|restored/)
  requireSilence(err + out, 'the log')
  assert.deepEqual(visibleOutput(made), expectedOutput)
  requireNothingReadable(made)

  const shown = await made.millrace('checkpoint', 'show', 'secret', ...WITH_KEYS)
  assert.match(shown.out, /encrypted +under the key "2026-11"/)
  const get = ['state', 'get', 'secret', 'counting', '--key', 'canary-key-4711-7'] as const
  const got = await made.millrace(...get, ...WITH_KEYS)
  assert.match(got.out, /canary-value-0815/, got.err)
  await requireKeys(made)
  await rotates(made)
})

it('finds both wherever they are, were it not encrypted', { timeout: 180_000 }, async (test) => {
  const made = place(test, canaryJob(2, 0.1))
  const readable = new Set<Kind>()
  await killedOnce(made, [], () => {
    for (const kind of look(made).readable) readable.add(kind)
    return readable.size === ALL_KINDS ? undefined : [...readable].join()
  })
})

/** Without the right key nothing is read and nothing is begun. */
async function requireKeys(made: Project): Promise<void> {
  const other = Buffer.alloc(32, 8).toString('base64')
  const run = ['run', 'job.ts', '--encryption-keys']
  assertFailure(await made.millrace('run', 'job.ts'), {
    exit: 1,
    code: 'STORAGE_ENCRYPTED',
    says: /under the key "2026-11"/,
    cure: /encryption\.keys/,
  })
  chmodSync(made.write('other', `2026-11 ${other}\n`), 0o600)
  const wrong = assertFailure(await made.millrace(...run, 'file:other'), {
    exit: 1,
    code: 'DECRYPTION_FAILED',
    says: /"2026-11"/,
    cure: /the key/,
  })
  assert.ok(!wrong.message.includes(other))
  chmodSync(made.write('another', `2026-12 ${other}\n`), 0o600)
  assertFailure(await made.millrace(...run, 'file:another'), {
    exit: 1,
    code: 'KEY_NOT_FOUND',
    says: /"2026-11"/,
    cure: /"2026-11"/,
  })
}

/** A newer key is written under; what is there stays as it is and is read as before. */
async function rotates(made: Project): Promise<void> {
  const newer = Buffer.alloc(32, 9).toString('base64')
  const before = new Set(filesBelow(join(made.path, '.millrace/secret/checkpoints')))
  chmodSync(made.write('keys', `2026-12 ${newer}\n2026-11 ${KEY}\n`), 0o600)
  const { code, err } = await made.millrace('run', 'job.ts', ...WITH_KEYS)
  assert.equal(code, 0, err)
  const after = filesBelow(join(made.path, '.millrace/secret/checkpoints'))
  assert.ok(after.some((file) => file.endsWith('.run') && before.has(file)))
  const shown = await made.millrace('checkpoint', 'show', 'secret', ...WITH_KEYS)
  assert.match(shown.out, /encrypted +under .*"2026-11"/, shown.out)
}

it('refuses RocksDB, and says why; auto is in memory then', { timeout: 180_000 }, async (test) => {
  const made = place(test, canaryJob(100, 0))
  const little = ['--set', 'memory=64MB'] as const
  assertFailure(
    await made.millrace('run', 'job.ts', ...WITH_KEYS, ...little, '--backend', 'rocksdb'),
    {
      exit: 1,
      code: 'ENCRYPTION_UNSUPPORTED',
      says: /rocksdb keeps state on the local disk/,
      cure: /hashmap/,
    },
  )
  requireNothingReadable(made)
  rmSync(join(made.path, '.millrace'), { recursive: true })
  const auto = await made.millrace('run', 'job.ts', ...WITH_KEYS, ...little, '--backend', 'auto')
  assert.equal(auto.code, 0, auto.err)
  requireSilence(auto.err + auto.out, 'what it said')
  assert.deepEqual(visibleOutput(made), expectedOutput)
  requireNothingReadable(made)
})

for (const name of ['hbase', 'cassandra']) {
  it(`refuses ${name}(), before any server is asked`, { timeout: 180_000 }, async (test) => {
    const lines = [
      "const texts = dataGenerator({ generate: (at) => 'canary-key-4711-' + at, count: 9 })",
    ]
    lines.push("env.fromSource('texts', texts).sinkTo('out', fileSink({ path: 'out' }))")
    // Nobody answers there.
    const backend = `backend: ${name}('${name}://127.0.0.1:1/jobs')`
    const code = jobModule('secret', lines.join('\n'), backend)
    const made = place(test, `import { ${name} } from 'millrace/${name}'\n${code}`)
    assertFailure(await made.millrace('run', 'job.ts', ...WITH_KEYS), {
      exit: 1,
      code: 'ENCRYPTION_UNSUPPORTED',
      says: new RegExp(`${name} keeps state on its server`),
      cure: /hashmap/,
    })
    requireNothingReadable(made)
  })
}

it('refuses a log of the input that is not encrypted', { timeout: 180_000 }, async (test) => {
  const job = (more: string): string =>
    jobModule(
      'secret',
      [
        "const texts = dataGenerator({ generate: (at) => 'canary-key-4711-' + at, count: 9 })",
        `env.fromSource('texts', journal(texts, { directory: '.millrace/log'${more} }))`,
        "  .sinkTo('out', fileSink({ path: 'out' }))",
      ].join('\n'),
    ).replace('import { dataGenerator,', 'import { dataGenerator, journal,')
  const made = place(test, job(''))
  assertFailure(await made.millrace('run', 'job.ts', ...WITH_KEYS), {
    exit: 1,
    code: 'ENCRYPTION_UNSUPPORTED',
    says: /"texts": journal\(.*\) keeps records on the disk/,
    cure: /diskIsEncrypted/,
    details: { operator: 'texts' },
  })
  requireNothingReadable(made)
  made.write('job.ts', job(', diskIsEncrypted: true'))
  const { code, err } = await made.millrace('run', 'job.ts', ...WITH_KEYS)
  assert.equal(code, 0, err)
  // The control: the log holds what it was refused for.
  assert.ok(look(made).others.some((file) => file.includes('/.millrace/log/')))
})

it('names no key in errors, nor in what it keeps of them', { timeout: 240_000 }, async (test) => {
  const body = [
    "const keys = dataGenerator({ generate: (at) => 'canary-key-4711-' + at, count: 2 })",
    'const failing = keyedProcess({',
    '  key: t.string,',
    '  state: { last: valueState(t.string) },',
    '  processElement(text, { state: { last } }) {',
    "    last.update('canary-value-0815 ' + text)",
    "    throw new Error('this does not work')",
    '  },',
    '})',
    "env.fromSource('keys', keys).keyBy((key) => key, t.string).process('failing', failing)",
    "  .sinkTo('out', fileSink({ path: 'out' }))",
  ].join('\n')
  const made = place(test, jobModule('secret', body))
  const { code, err, out } = await made.millrace('run', 'job.ts', ...WITH_KEYS)
  assert.equal(code, 1, err)
  assert.match(err, /this does not work/)
  assert.match(err, /"failing"/)
  requireSilence(err + out, err)
  requireNothingReadable(made)
})
