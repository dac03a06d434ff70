/** Goes through all disks that a scenario may leave, and checks each of them once. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { TEMPORARY_MARK } from '../../src/storage/blob-name.ts'
import { readChain } from '../../src/checkpoint/chain.ts'
import { runsOf } from '../../src/checkpoint/registry.ts'
import { sweep } from '../../src/checkpoint/sweep.ts'
import type { Random } from '../../src/util/random.ts'
import { CrashDisk } from './crash-disk.ts'
import type { Image } from '../../simulation/disk/disk.ts'
import { type LeftDisk, lostPower } from './lost-power.ts'
import { JOB, type Scenario, storeOn } from './scenarios.ts'
import { restoredFrom, SmallJob } from './small-job.ts'

export interface Enumeration {
  operations: number
  /** Disks that a loss of power may leave. */
  disks: number
  /** Of these the different ones, as a process sees them. */
  different: number
}

export async function enumerate(scenario: Scenario, random: Random): Promise<Enumeration> {
  const count: Enumeration = { operations: scenario.disk.log.length, disks: 0, different: 0 }
  /** What a disk gave when it was checked, by its files. */
  const given = new Map<string, string>()
  for (const left of lostPower(scenario.disk, random)) {
    count.disks++
    const key = keyOf(left.image)
    let found = given.get(key)
    if (found === undefined) {
      found = await checked(scenario, left.image)
      given.set(key, found)
    }
    requireAllowed(scenario, left, found)
  }
  count.different = given.size
  return count
}

/** Temporary files make no difference but by being there; they are cleaned and never read. */
function keyOf(image: Image): string {
  const hash = createHash('sha256')
  for (const [path, bytes] of [...image].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (path.includes(TEMPORARY_MARK)) hash.update(path.slice(0, path.indexOf(TEMPORARY_MARK)))
    else hash.update(path).update('\0').update(bytes)
    hash.update('\0')
  }
  return hash.digest('base64')
}

/** What the job is restored from a disk with; and that it, and its savepoint, go on from there. */
async function checked(scenario: Scenario, image: Image): Promise<string> {
  const disk = new CrashDisk(image)
  const store = storeOn(disk)
  const found = await restoredFrom(store)
  await requireWhole(disk)
  const saved = scenario.savepoint === undefined ? '' : await savedState(disk, scenario)
  const readable = (await scenario.erasure?.found(image)) ?? ''
  const job = await SmallJob.lead(store, 2)
  assert.equal(await restoredFrom(store), found, 'the lead changes no state')
  assert.equal(await job.checkpoint(40), 'appended')
  await job.collect(40)
  const next = await restoredFrom(store)
  assert.match(next, /^checkpoint 40: /)
  for (const value of valuesOf(found)) {
    assert.ok(Number(value) % 4 === 0 || next.includes(value), `${next} grew from ${found}`)
  }
  await requireWhole(disk)
  const isLeftOver = (path: string) => path.includes(JOB) && path.includes(TEMPORARY_MARK)
  assert.ok(![...disk.image.keys()].some(isLeftOver), 'temporary files are left over')
  const { findings } = await sweep(store, { nowMs: 0, isDryRun: true })
  assert.ok(
    findings.every(({ reason }) => reason === 'named' || reason === 'leading-epoch'),
    JSON.stringify(findings),
  )
  return `${found}\n${saved}\n${readable}`
}

const valuesOf = (found: string) => found.split(': ')[1]?.match(/\d+/g) ?? []

/** Each link of the chain has all its runs. */
async function requireWhole(disk: CrashDisk): Promise<void> {
  const store = storeOn(disk)
  const runs = new Set((await store.list('runs/')).map(({ name }) => name))
  for (const { link } of (await readChain(store)).entries) {
    const named = link.kind === 'checkpoint' ? runsOf(link) : []
    for (const { name } of named) assert.ok(runs.has(name), `link ${link.sequence} lacks ${name}`)
  }
}

async function savedState(disk: CrashDisk, { savepoint }: Scenario): Promise<string> {
  return savepoint === undefined ? '' : await restoredFrom(storeOn(disk, savepoint.location))
}

/** Old or new, never older than what was promised, and never a mixture. */
function requireAllowed(scenario: Scenario, left: LeftDisk, given: string): void {
  const [found = '', saved = '', readable = ''] = given.split('\n')
  const { states, savepoint, erasure } = scenario
  const oldest = states.findLastIndex(
    ({ promise }) => promise !== undefined && left.promised.includes(promise),
  )
  const where = `after ${left.done} operations, promised: ${left.promised.join(', ')}`
  const allowed = states.slice(Math.max(0, oldest)).map(({ has }) => has)
  assert.ok(allowed.includes(found), `${where}: ${found}, and may be ${allowed.join(' or ')}`)
  if (erasure !== undefined) {
    const { promise, before, after } = erasure
    const mayBe = left.promised.includes(promise) ? [after] : [before, after]
    assert.ok(mayBe.includes(readable), `${where}: ${readable} can be read`)
  }
  if (savepoint === undefined) return
  const isPromised = left.promised.includes(savepoint.promise)
  const allowedThere = isPromised ? [savepoint.has] : [savepoint.has, 'nothing']
  assert.ok(allowedThere.includes(saved), `${where}: the savepoint has ${saved}`)
}
