/**
 * Erasing a subject while the power may go at any moment, in both forms: by the tool, from a job
 * that does not run, and by a job that takes its lead anew. What is sealed for three subjects is
 * opened with the vault of each disk that may be left.
 */
import assert from 'node:assert/strict'
import { EncryptedBlobStore } from '../../src/encryption/encrypted-store.ts'
import { KeyRing } from '../../src/encryption/key-ring.ts'
import { LocalKeys } from '../../src/encryption/local-keys.ts'
import { RememberedKeys } from '../../src/encryption/subjects/remembered-keys.ts'
import type { Vault } from '../../src/encryption/subjects/vault.ts'
import { readVault } from '../../src/checkpoint/vaults.ts'
import { eraseStopped } from '../../src/runtime/erase-stopped.ts'
import { bytesOfSubject } from '../../src/runtime/erasures.ts'
import { leadVault, type Vaults } from '../../src/runtime/subject-keys.ts'
import { EntrySeal } from '../../src/state/sealed/entry-seal.ts'
import type { Entry } from '../../src/state/backend.ts'
import { required } from '../../src/util/assert.ts'
import { seededEntropy } from '../encryption/subjects/world.ts'
import { liveValue, rowKey } from '../state/runs/entries.ts'
import type { Random } from '../../src/util/random.ts'
import { CrashDisk, type CrashDiskOptions } from './crash-disk.ts'
import { JOB, type Play, type Scenario, storeOn } from './scenarios.ts'
import { after, SmallJob } from './small-job.ts'

const KEYS = [1, 2, 3]
const ERASED = 2
const operator = { uid: 'sealed', subjectOf: (key: unknown): unknown => key }
const subject = bytesOfSubject(ERASED)

/** Who comes after a crash names its temporary files otherwise. */
const LATER = 9

/** The vault on a disk, under keys that are the same each time. */
function vaultsOn(disk: CrashDisk, seed = 1): Vaults {
  const entropy = seededEntropy(7)
  const provider = new LocalKeys(new Map([['vault', seededEntropy(8)(32)]]), entropy)
  const ring = new KeyRing(provider, { entropy })
  const store = storeOn(disk, JOB, undefined, seed)
  return { store: new EncryptedBlobStore(store, ring), ring }
}

/** A job that has led with a vault, and what is sealed under the keys of its subjects. */
async function sealedJob(): Promise<{ disk: CrashDisk; sealed: readonly Entry[] }> {
  const disk = new CrashDisk()
  const job = await SmallJob.lead(storeOn(disk), 2)
  const { vault } = await leadVault(vaultsOn(disk), storeOn(disk), 1, {
    wanted: [],
    erased: () => undefined,
  })
  assert.equal(await job.checkpoint(1), 'appended')
  const seal = new EntrySeal(new RememberedKeys(vault))
  const sealed = KEYS.map((key) => {
    return seal.seal({ key: rowKey(0, key), value: liveValue(`value ${key}`) }, operator)
  })
  return { disk: new CrashDisk(disk.image), sealed }
}

/** Which of them a vault opens; each must be as it was. */
function opened(vault: Vault, sealed: readonly Entry[]): string {
  const seal = new EntrySeal(new RememberedKeys(vault))
  const found = KEYS.flatMap((key, index) => {
    const plain = seal.open(required(sealed[index], 'each key is sealed'))
    if (plain === undefined) return []
    assert.deepEqual(Buffer.from(plain.key), Buffer.from(rowKey(0, key)))
    assert.deepEqual(Buffer.from(plain.value), Buffer.from(liveValue(`value ${key}`)))
    return [key]
  })
  return found.join()
}

const ALL = KEYS.join()
const WITHOUT = KEYS.filter((key) => key !== ERASED).join()

/** What a disk gives; and that asking again finishes, whatever was done before. */
async function found(image: CrashDisk['image'], sealed: readonly Entry[]): Promise<string> {
  const disk = new CrashDisk(image)
  const kept = required(await readVault(vaultsOn(disk).store), 'the vault is there')
  const before = opened(kept.vault, sealed)
  await erase(disk, LATER)
  const names = (await storeOn(disk).list('subjects/')).map(({ name }) => name)
  assert.equal(names.length, 1, `one vault is left: ${names.join(', ')}`)
  const next = required(await readVault(vaultsOn(disk).store), 'the vault is there')
  assert.equal(opened(next.vault, sealed), WITHOUT, 'asking again finishes')
  assert.ok(next.number > kept.number)
  return before
}

async function erase(disk: CrashDisk, seed = 1): Promise<void> {
  const identity = { jobName: 'small', leader: 'eraser', writtenAt: 0 }
  const store = storeOn(disk, JOB, undefined, seed)
  await eraseStopped(store, vaultsOn(disk, seed), { subject, ...identity })
}

const PROMISE = 'erased'

function scenario(disk: CrashDisk, sealed: readonly Entry[], states: Scenario['states']): Scenario {
  const of = (image: CrashDisk['image']) => found(image, sealed)
  return { disk, states, erasure: { found: of, promise: PROMISE, before: ALL, after: WITHOUT } }
}

async function ofStopped(_random: Random, options: CrashDiskOptions = {}): Promise<Scenario> {
  const { disk: before, sealed } = await sealedJob()
  const disk = new CrashDisk(before.image, options)
  await erase(disk)
  disk.promise(PROMISE)
  return scenario(disk, sealed, [{ has: after(1) }])
}

/** Behind its last checkpoint: the lead is taken anew, the vault put, the next checkpoint taken. */
async function ofRunning(): Promise<Scenario> {
  const { disk, sealed } = await sealedJob()
  const job = await SmallJob.lead(storeOn(disk), 2)
  await leadVault(vaultsOn(disk), storeOn(disk), 2, {
    wanted: [subject],
    erased: () => disk.promise(PROMISE),
  })
  assert.equal(await job.checkpoint(2), 'appended')
  disk.promise('2')
  return scenario(disk, sealed, [{ has: after(1) }, { has: after(1, 2), promise: '2' }])
}

export const BY_THE_TOOL = 'an erasure of a job that does not run'

export const ERASURES: Readonly<Record<string, Play>> = {
  [BY_THE_TOOL]: ofStopped,
  'an erasure of a job that runs': ofRunning,
}
