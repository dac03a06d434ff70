// What `doctor` and `checkpoint show` say of the vault of subjects: its number, how much was
// erased, and what would undo an erasure.
import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { appendLink, readChain } from '../../src/checkpoint/chain.ts'
import { putNextVault } from '../../src/checkpoint/vaults.ts'
import { vaultRisk } from '../../src/cli/vault-report.ts'
import { EncryptedBlobStore } from '../../src/encryption/encrypted-store.ts'
import { Vault } from '../../src/encryption/subjects/vault.ts'
import { openKeys } from '../../src/runtime/host-embedded-keys.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { checkpointBody } from '../checkpoint/links.ts'
import { perform, temporaryFolder } from './cli.ts'

process.env['VAULT_TEST_KEY'] = Buffer.alloc(32, 1).toString('base64')
process.env['VAULT_TEST_SUBJECTS'] = Buffer.alloc(32, 2).toString('base64')
const keys = ['--encryption-keys', 'env:VAULT_TEST_KEY'] as const
const both = [...keys, '--encryption-subjects', 'env:VAULT_TEST_SUBJECTS'] as const

const folder = temporaryFolder()
after(() => folder.remove())
const storage = join(folder.path, '.millrace', 'words', 'checkpoints')
const saved = join(folder.path, 'saved')
const cli = (...args: string[]) => perform(folder.path, args)
const subject = (name: string): Uint8Array => new TextEncoder().encode(name)
/** A copy of the first vault, outside of what is looked at. */
const older = join(folder.path, 'older')

async function putVault(next: (found: Vault) => Vault): Promise<Vault> {
  const ring = await openKeys('env:VAULT_TEST_SUBJECTS')
  const store = new EncryptedBlobStore(await openBlobStore(storage), ring)
  const { vault } = await putNextVault(store, {
    leaderEpoch: 1,
    isSucceeded: async () => false,
    next: (found) => next(found ?? Vault.create(ring.entropy)),
  })
  await store.close()
  return vault
}

async function putCheckpoint(location: string, { id }: Vault, number: number): Promise<void> {
  const ring = await openKeys('env:VAULT_TEST_KEY')
  const store = new EncryptedBlobStore(await openBlobStore(location), ring)
  const body = checkpointBody(1, { jobName: 'words' })
  const tasks = body.tasks.map(({ records: _records, ...task }) => ({ ...task, runs: [] }))
  const { head } = await readChain(store)
  const subjects = { vault: id, number, location: storage }
  assert.notEqual(await appendLink(store, head, { ...body, tasks, subjects }), 'lost')
  await store.close()
}

const vaults = (): string[] => readdirSync(join(storage, 'subjects')).toSorted()

before(async () => {
  await putVault((vault) => vault)
  const [first = ''] = vaults()
  copyFileSync(join(storage, 'subjects', first), older)
  const vault = await putVault((found) => found.erase(subject('ann')).erase(subject('bob')))
  await putCheckpoint(storage, vault, 2)
  await putCheckpoint(saved, vault, 2)
})

test('doctor and show tell its number and how much was erased', async () => {
  const doctor = await cli('doctor', ...both)
  assert.match(doctor.out, /^ok +vault of words +number 2, 2 subjects erased$/m)
  const without = await cli('doctor', ...keys)
  assert.match(without.out, /^ok +vault of words +number 2, without its keys/m)
  for (const place of ['words', saved]) {
    const shown = await cli('checkpoint', 'show', place, ...both)
    assert.equal(shown.code, 0, shown.err)
    assert.match(shown.out, /^vault +number 2, 2 subjects erased, in .*words.checkpoints$/m)
  }
  const json = await cli('checkpoint', 'show', 'words', ...both, '--json')
  const { vault, subjects } = JSON.parse(json.out) as Readonly<Record<string, { id: string }>>
  assert.deepEqual(vault, { location: storage, numbers: [2], id: vault?.id, erasures: 2 })
  assert.equal(vault?.id, Reflect.get(Object(subjects), 'vault'))
})

test('an older vault beside the newest is a warning', async () => {
  copyFileSync(older, join(storage, 'subjects', '000000000001.vault'))
  const doctor = await cli('doctor', ...both)
  assert.match(doctor.out, /^warning +vault of words +number 2, .*; 2 vaults lie there \(1, 2\)/m)
  assert.match(doctor.out, /→ start the job, or erase the subject again/)
  const shown = await cli('checkpoint', 'show', 'words', ...both)
  assert.match(shown.out, /^vault .*; 2 vaults lie there \(1, 2\): older ones undo erasures$/m)
  await putVault((found) => found)
  assert.deepEqual(vaults(), ['000000000003.vault'])
})

test('one that cannot be read is a problem, and one that is gone is said to be', async () => {
  const wrong = await cli('doctor', ...keys, '--encryption-subjects', 'env:VAULT_TEST_KEY')
  assert.equal(wrong.code, 1)
  assert.match(wrong.out, /^problem +vault of words +/m)
  rmSync(join(storage, 'subjects'), { recursive: true })
  const shown = await cli('checkpoint', 'show', 'words', ...keys)
  assert.match(shown.out, /^vault +is not in .*: what is sealed is lost$/m)
})

test('a bucket that keeps versions undoes erasures', () => {
  const report = { location: 's3://jobs/words', numbers: [7] }
  assert.equal(vaultRisk({ ...report, versioning: 'off' }), undefined)
  assert.match(vaultRisk({ ...report, versioning: 'on' })?.detail ?? '', /keeps versions/)
  assert.match(
    vaultRisk({ ...report, versioning: 'suspended' })?.detail ?? '',
    /kept versions once/,
  )
  assert.match(vaultRisk({ ...report, versioning: 'unknown' })?.detail ?? '', /is unknown/)
})
