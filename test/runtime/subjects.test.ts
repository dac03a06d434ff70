/** The vault of a job: made with it, named by its checkpoints, needed by who restores them. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { job, run, type RunOptions, t } from 'millrace'
import { dataGenerator, sink } from 'millrace/connectors'
import { Snapshot } from 'millrace/savepoint'
import { readVault } from '../../src/checkpoint/vaults.ts'
import { EncryptedBlobStore } from '../../src/encryption/encrypted-store.ts'
import type { KeptVault } from '../../src/encryption/subjects/vault-codec.ts'
import { bytesOfSubject } from '../../src/runtime/erasures.ts'
import { openKeys } from '../../src/runtime/host-embedded-keys.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { required } from '../../src/util/assert.ts'
import { perform } from '../cli/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-subjects-'))
after(() => rmSync(folder, { recursive: true, force: true }))
process.env['SUBJECTS_TEST_KEY'] = Buffer.alloc(32, 1).toString('base64')
process.env['SUBJECTS_TEST_VAULT'] = Buffer.alloc(32, 2).toString('base64')
const encryption = { keys: 'env:SUBJECTS_TEST_KEY', subjects: 'env:SUBJECTS_TEST_VAULT' }

const seen: number[] = []
const counting = job('counting', { checkpointing: { interval: '1 h' } }, (env) => {
  const numbers = dataGenerator({ generate: (i) => i, ratePerSecond: 2_000, type: t.int32 })
  env
    .fromSource('numbers', numbers)
    .sinkTo('out', sink<number>({ write: (all) => void seen.push(...all) }))
})

type Options = RunOptions & { readonly directory: string }
const optionsFor = (name: string, more: RunOptions = {}): Options => {
  return { directory: join(folder, name), encryption, ...more }
}
const storageOf = ({ directory }: Options): string => join(directory, 'counting', 'checkpoints')
const vaultsIn = (options: Options): readonly string[] => {
  return readdirSync(join(storageOf(options), 'subjects'))
}

async function vaultOf(options: Options): Promise<KeptVault> {
  const plain = await openBlobStore(storageOf(options))
  const store = new EncryptedBlobStore(plain, await openKeys(encryption.subjects))
  return required(await readVault(store), 'there is a vault')
}

async function recordOf(location: string) {
  await using snapshot = await Snapshot.open(location, { keys: encryption.keys })
  return snapshot.link.subjects
}

test('checkpoints and savepoints name it, no savepoint has it, each start puts one', async () => {
  const options = optionsFor('named')
  const savepoint = join(folder, 'named-saved')
  await using first = await run(counting, options)
  await first.stop({ savepoint })
  const { vault, number } = await vaultOf(options)
  const location = storageOf(options)
  assert.deepEqual(await recordOf(location), { vault: vault.id, number, location })
  assert.deepEqual(await recordOf(savepoint), { vault: vault.id, number, location })
  assert.equal(readdirSync(savepoint).includes('subjects'), false)
  await using second = await run(counting, options)
  await second.stop()
  const after = await vaultOf(options)
  assert.deepEqual([after.number, after.vault.id], [number + 1, vault.id])
  assert.equal(vaultsIn(options).length, 1)
})

test('a running job erases all that wait by one restart, with no record twice', async () => {
  const options = optionsFor('erased')
  seen.length = 0
  await using handle = await run(counting, options)
  const before = await vaultOf(options)
  const subjects = ['ann', 7, Uint8Array.of(1)] as const
  const erasures = await Promise.all(subjects.map((subject) => handle.erase({ subject })))
  const ids = erasures.map(({ checkpointId }) => checkpointId)
  assert.equal(new Set(ids).size, 1)
  assert.deepEqual([handle.status.state, handle.status.attempts], ['running', 2])
  await handle.stop()
  const { vault } = await vaultOf(options)
  for (const subject of subjects) {
    assert.equal(vault.has(before.vault.tagOf(bytesOfSubject(subject))), false, String(subject))
  }
  assert.equal(vault.has(before.vault.tagOf(bytesOfSubject('7'))), true)
  assert.deepEqual(
    seen,
    Array.from(seen, (_, index) => index),
  )
  assert.equal(vaultsIn(options).length, 1)
  await assert.rejects(handle.erase({ subject: 'bob' }), { code: 'JOB_NOT_RUNNING' })
})

test('a job that does not run is erased from by the command, and goes on after it', async () => {
  const options = optionsFor('stopped')
  seen.length = 0
  await using first = await run(counting, options)
  await first.stop()
  const before = await vaultOf(options)
  const args = ['state', 'erase', 'counting', '--directory', options.directory]
  const keys = ['--encryption-keys', encryption.keys]
  const without = await perform(folder, [...args, ...keys, '--subject', 'ann'])
  assert.match(without.err, /SUBJECT_KEYS_MISSING/)
  const all = [...args, ...keys, '--encryption-subjects', encryption.subjects]
  const erased = await perform(folder, [...all, '--subject', 'ann', '--json'])
  assert.equal(erased.code, 0, erased.err)
  assert.deepEqual(JSON.parse(erased.out), { job: 'counting', subject: 'ann', isRunning: false })
  const wrong = await perform(folder, [...all, '--subject', 'ann', '--type', 'number'])
  assert.match(wrong.err, /TYPE_MISMATCH/)
  const { vault } = await vaultOf(options)
  assert.equal(vault.has(before.vault.tagOf(bytesOfSubject('ann'))), false)
  assert.equal(vaultsIn(options).length, 1)
  await using second = await run(counting, options)
  await second.stop()
  assert.deepEqual(
    seen,
    Array.from(seen, (_, index) => index),
  )
})

test('the command asks a job that runs', async () => {
  const options = optionsFor('asked')
  await using handle = await run(counting, options)
  const before = await vaultOf(options)
  const args = ['state', 'erase', 'counting', '--directory', options.directory]
  const { code, out, err } = await perform(folder, [...args, '--subject', '7', '--type', 'number'])
  assert.equal(code, 0, err)
  assert.match(out, /erased from counting/)
  assert.equal(handle.status.state, 'running')
  const { vault } = await vaultOf(options)
  assert.equal(vault.has(before.vault.tagOf(bytesOfSubject(7))), false)
  await handle.stop()
})

test('without the vault of its checkpoints a job does not start', async () => {
  const options = optionsFor('gone')
  const subjects = join(storageOf(options), 'subjects')
  const copy = join(folder, 'copy')
  await using handle = await run(counting, options)
  cpSync(subjects, copy, { recursive: true })
  await handle.erase({ subject: 'ann' })
  await handle.stop()
  const start = (more: RunOptions = {}) => run(counting, { ...options, ...more })
  await assert.rejects(start({ encryption: { keys: encryption.keys } }), {
    code: 'SUBJECT_KEYS_MISSING',
    message: /holds state under keys of subjects/,
  })
  rmSync(subjects, { recursive: true })
  await assert.rejects(start(), { code: 'SUBJECT_KEYS_MISSING', message: /is not there/ })
  cpSync(copy, subjects, { recursive: true })
  await assert.rejects(start(), { code: 'SUBJECT_KEYS_MISSING', message: /as it was before/ })
  rmSync(subjects, { recursive: true })
  const other = optionsFor('other')
  await using others = await run(counting, other)
  await others.stop()
  cpSync(join(storageOf(other), 'subjects'), subjects, { recursive: true })
  await assert.rejects(start(), { code: 'SUBJECT_KEYS_MISSING', message: /is another one/ })
})

test('another job goes on from a savepoint only with the vault beside its own state', async () => {
  const options = optionsFor('from')
  const savepoint = join(folder, 'from-saved')
  // So its epochs are higher than those of the other job.
  await (await run(counting, options)).stop()
  await (await run(counting, options)).stop()
  await using handle = await run(counting, options)
  await handle.stop({ savepoint })
  const fork = optionsFor('fork', { from: savepoint })
  await assert.rejects(run(counting, fork), {
    code: 'SUBJECT_KEYS_MISSING',
    cure: /put the folder subjects of/,
  })
  const subjects = join(storageOf(fork), 'subjects')
  rmSync(subjects, { recursive: true, force: true })
  cpSync(join(storageOf(options), 'subjects'), subjects, { recursive: true })
  await using forked = await run(counting, fork)
  await forked.stop()
  assert.equal((await recordOf(storageOf(fork)))?.location, storageOf(fork))
})

test('keys of subjects need other keys, and erasing needs keys of subjects', async () => {
  const alone = { encryption: { subjects: encryption.subjects } }
  await assert.rejects(run(counting, { ...optionsFor('alone'), ...alone }), {
    code: 'CONFIG_INVALID',
  })
  await using handle = await run(counting, {
    ...optionsFor('none'),
    encryption: { keys: encryption.keys },
  })
  await assert.rejects(handle.erase({ subject: 'ann' }), { code: 'SUBJECT_KEYS_MISSING' })
  await handle.stop()
})
