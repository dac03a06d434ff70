// A job with `shredBy` in threads whose rows are in objectStore(), with more state than memory: at
// one worker, then, from a savepoint, at two. No byte that it leaves or says tells of a subject,
// nor of checkpoints that are deciphered. What is erased is gone from each of them, and all else in
// them is as it was. Takes too long for `npm test`: it is one of `npm run test:servers`.
import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type JobHandle, type Logger, run, type RunOptions } from 'millrace'
import { Snapshot } from 'millrace/savepoint'
import { EncryptedBlobStore } from '../../src/encryption/encrypted-store.ts'
import { openKeys } from '../../src/runtime/host-embedded-keys.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { placeFor, untilCheckpoints } from '../runtime/run/helpers.ts'
import { isFull } from './available.ts'
import { CANARY, PARKED, PEOPLE, personOf } from './sealed-rows-job.ts'

const module = new URL('./sealed-rows-job.ts', import.meta.url)
process.env['SEALED_TEST_KEY'] = Buffer.alloc(32, 1).toString('base64')
process.env['SEALED_TEST_VAULT'] = Buffer.alloc(32, 2).toString('base64')
const encryption = { keys: 'env:SEALED_TEST_KEY', subjects: 'env:SEALED_TEST_VAULT' }
const ERASED = personOf(8)
/** Of one the only record is refused, and those of another are parked. */
const STORED = PEOPLE - 2

/** In which files a subject could be told of, besides output that is visible or about to be. */
const KINDS = {
  checkpoints: /\/checkpoints\/runs\//,
  copies: /\/copies\/.*\.run$/,
  'rows below memory': /\/checkpoints\/spill\//,
  'their local cache': /\/state\/.*\/object-store-/,
  'records that wait': /\/state\/.*\/edge-/,
  'pending output': /\/\.pending-/,
} as const
const FORMS = [Buffer.from(CANARY), Buffer.from(CANARY, 'utf16le'), Buffer.from('Y2FuYXJ5')]
const tells = (bytes: Buffer): boolean => FORMS.some((form) => bytes.includes(form))

/** What has been read of each file. */
const seen = new Map<string, number>()

/** Reads all files below a folder, as far as they are new, and notes of what kinds they are. */
function look(folder: string, kinds: Set<string>): void {
  for (const file of filesIn(folder)) {
    if (/\/(part-|\.clear-)[^/]*$/.test(file)) continue
    const bytes = bytesOf(file)
    if (bytes.length === 0) continue
    seen.set(file, bytes.length)
    for (const [kind, pattern] of Object.entries(KINDS)) if (pattern.test(file)) kinds.add(kind)
    assert.ok(!tells(bytes), file)
  }
}

/** Of a job that runs: files and folders come and go. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesIn(path) : entry.isFile() ? [path] : []
    })
  } catch (error) {
    assert.ok(isGone(error))
    return []
  }
}

function bytesOf(file: string): Buffer {
  try {
    if (statSync(file).size === seen.get(file)) return Buffer.alloc(0)
    return readFileSync(file)
  } catch (error) {
    assert.ok(isGone(error))
    return Buffer.alloc(0)
  }
}

const isGone = (error: unknown): boolean => Reflect.get(Object(error), 'code') === 'ENOENT'

/** Looks until the condition holds, for a minute at least. */
async function lookUntil(folder: string, kinds: Set<string>, isEnough: () => boolean) {
  for (let looks = 0; !isEnough(); looks++) {
    look(folder, kinds)
    assert.ok(looks < 3_000, `only ${[...kinds].join()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function noting(lines: string[]): Logger {
  const note = (...all: readonly unknown[]): void => void lines.push(JSON.stringify(all))
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
  return logger
}

/** All that the tools read of a checkpoint, by operator and key. */
async function contentOf(location: string, checkpointId: number) {
  const keys = { keys: encryption.keys, subjectKeys: encryption.subjects }
  await using snapshot = await Snapshot.open(location, { ...keys, checkpointId })
  const content = new Map<string, string>()
  for (const uid of ['kept', 'kept.parked']) {
    const state = snapshot.state(uid)
    for await (const { key, states } of state.rows()) {
      content.set(`${uid} ${JSON.stringify(key)}`, JSON.stringify(states))
    }
    for await (const { key, payload } of state.timers()) {
      content.set(`timer of ${uid} ${JSON.stringify(key)}`, JSON.stringify(payload))
    }
  }
  return { content, erased: snapshot.erasedEntries }
}

/** No blob of a storage tells of a subject to who has the keys of encryption. */
async function requireSealed(location: string): Promise<void> {
  const ring = await openKeys(encryption.keys)
  const store = new EncryptedBlobStore(await openBlobStore(location), ring)
  const blobs = (await store.list('')).filter(({ name }) => /^(runs|chain)\//.test(name))
  assert.ok(blobs.length >= 2)
  for (const { name } of blobs) {
    const bytes = await store.read(name).catch((error: unknown) => {
      assert.equal(Reflect.get(Object(error), 'code'), 'STORAGE_NOT_FOUND')
      return Buffer.alloc(0)
    })
    assert.ok(!tells(Buffer.from(bytes)), name)
  }
  await store.close()
}

const hasParked = (handle: JobHandle): boolean => handle.status.parkedKeys > 0

const skip = isFull ? false : 'run npm run test:servers'

test('no byte tells of a subject, and what is erased is gone', { skip }, async (context) => {
  const { directory } = placeFor(context)
  const flaw = join(directory, 'flaw')
  writeFileSync(flaw, '')
  process.env['MILLRACE_TEST_FLAW'] = flaw
  const lines: string[] = []
  const logger = noting(lines)
  const optionsFor = (name: string): RunOptions & { readonly directory: string } => {
    const output = join(directory, name, 'output')
    const params = { output, bursts: 0.5 }
    return { directory: join(directory, name), encryption, params, logger, logLevel: 'debug' }
  }
  const savepoint = join(directory, 'saved')
  const kinds = new Set<string>()
  {
    const options = optionsFor('one')
    await using handle = await run(module, { ...options, parallelism: 1 })
    await lookUntil(options.directory, kinds, () => hasParked(handle))
    await handle.stop({ savepoint })
    await requireSealed(savepoint)
  }
  const options = optionsFor('two')
  const location = join(options.directory, 'sealed', 'checkpoints')
  mkdirSync(location, { recursive: true })
  const subjects = join(directory, 'one', 'sealed', 'checkpoints', 'subjects')
  cpSync(subjects, join(location, 'subjects'), { recursive: true })
  kinds.clear()
  await using handle = await run(module, {
    ...options,
    parallelism: 2,
    memory: '1 MiB',
    from: savepoint,
  })
  const all = Object.keys(KINDS).length
  await lookUntil(options.directory, kinds, () => hasParked(handle) && kinds.size === all)
  const ids: number[] = []
  for (let count = 0; count < 2; count++) ids.push((await handle.checkpoint()).checkpointId)
  await requireSealed(location)
  const before = await Promise.all(ids.map((id) => contentOf(location, id)))
  for (const { content } of before) {
    assert.equal([...content.keys()].filter((key) => key.startsWith('kept [')).length, STORED)
    assert.ok(
      [...content.keys()].some((key) => key.startsWith('kept.parked ') && isOf(key, PARKED)),
    )
  }
  const { completed } = handle.status.checkpoints
  await handle.erase({ subject: ERASED })
  await handle.erase({ subject: PARKED })
  await untilCheckpoints(handle, completed + 3)
  look(options.directory, kinds)
  assert.ok(!tells(Buffer.from(JSON.stringify(handle.status))))
  await handle.stop()
  await requireSealed(location)
  for (const [at, id] of ids.entries()) {
    const { content, erased } = await contentOf(location, id)
    assert.ok(erased > 0)
    const left = [...(before[at]?.content ?? [])].filter(([key]) => {
      return !isOf(key, ERASED) && !isOf(key, PARKED)
    })
    assert.deepEqual([...content], left)
  }
  requireSilent(lines)
  // The control: what is looked for does come by.
  const visible = filesIn(options.directory).filter((file) => /\/part-/.test(file))
  assert.ok(visible.some((file) => tells(readFileSync(file))))
  assert.ok(existsSync(flaw))
})

function requireSilent(lines: readonly string[]): void {
  assert.ok(lines.length > 20 && lines.some((line) => line.includes('parked')))
  assert.deepEqual(
    lines.filter((line) => tells(Buffer.from(line))),
    [],
  )
}

function isOf(key: string, person: string): boolean {
  return key.includes(`"${person}"`)
}
