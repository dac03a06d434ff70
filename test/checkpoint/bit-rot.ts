// Single bytes change at random, in every file of checkpoints and savepoints, encrypted and signed
// ones among them: each is refused or harmless, and what is refused is refused as damage, whatever
// the byte was.
import assert from 'node:assert/strict'
import { readChain } from '../../src/checkpoint/chain.ts'
import { readRun } from '../../src/checkpoint/damage.ts'
import { runsOf } from '../../src/checkpoint/registry.ts'
import { isMillraceError } from '../../src/errors.ts'
import { RunReader } from '../../src/state/runs/run-reader.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { SeededRandom } from '../../src/util/random.ts'
import type { Rotting } from './rotting.ts'

/** A byte of a file that is chosen by its length, changed in one or all of its bits. */
export function flipped(
  { blobs }: Rotting,
  random: SeededRandom,
): {
  readonly name: string
  readonly bytes: Uint8Array
} {
  const total = [...blobs.values()].reduce((sum, bytes) => sum + bytes.length, 0)
  let at = random.int(total)
  for (const [name, bytes] of blobs) {
    if (at >= bytes.length) {
      at -= bytes.length
      continue
    }
    const copy = new Uint8Array(bytes)
    copy[at] = (copy[at] ?? 0) ^ (random.int(2) === 0 ? 1 << random.int(8) : 1 + random.int(255))
    return { name, bytes: copy }
  }
  return assert.fail('a byte lies in a file')
}

export function withBlob(of: Rotting, name: string, bytes: Uint8Array): Promise<BlobStore> {
  return of.open(new Map([...of.blobs, [name, bytes]]))
}

async function references(sound: BlobStore): Promise<ReadonlyMap<string, RunReference>> {
  const { entries, damage } = await readChain(sound)
  assert.deepEqual(damage, [])
  const links = entries.flatMap(({ link }) => (link.kind === 'checkpoint' ? [link] : []))
  return new Map(links.flatMap((link) => runsOf(link).map((run) => [run.name, run] as const)))
}

/** Every entry of a run as text, block by block until the first that is refused. */
async function entriesOf(store: BlobStore, run: RunReference): Promise<string[]> {
  const entries: string[] = []
  const reader = await RunReader.open(store, run)
  for await (const batch of reader.scan().batches()) {
    for (const { key, value } of batch) {
      entries.push(`${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`)
    }
  }
  return entries
}

const isDamage = (error: unknown): boolean => {
  return isMillraceError(error) && error.code === 'STORAGE_CORRUPT'
}

export interface Flips {
  /** What the files are, such as `signed savepoint`. */
  readonly name: string
  readonly flips: number
  /** Refused as damage: in runs and in links of the chain. */
  readonly runs: number
  readonly links: number
  /** How many files had one of their bytes changed. */
  readonly files: number
}

/** Changes one byte so many times, each time of sound files; fails if one is believed. */
export async function flipBytes(of: Rotting, flips: number): Promise<Flips> {
  const sound = await of.open(of.blobs)
  const runs = await references(sound)
  const refused = { runs: 0, links: 0 }
  const files = new Set<string>()
  for (let seed = 1; seed <= flips; seed++) {
    const { name, bytes } = flipped(of, new SeededRandom(seed))
    const where = `seed ${seed} of ${of.name}: ${name}`
    files.add(name)
    const store = await withBlob(of, name, bytes)
    const run = runs.get(name)
    if (run === undefined) {
      const { damage } = await readChain(store)
      // The first link that is left is believed without a predecessor, and has a hash of its own.
      assert.ok(damage.length > 0, `${where} is believed`)
      refused.links++
      continue
    }
    const found = await entriesOf(store, run).catch((error: unknown) => {
      assert.ok(isDamage(error), `${where}: ${String(error)}`)
      return undefined
    })
    // A filter is not read by a scan; `verify` reads everything.
    if (found !== undefined) assert.deepEqual(found, await entriesOf(sound, run), where)
    await assert.rejects(readRun(store, run), isDamage, `${where} is believed`)
    refused.runs++
  }
  assert.ok(refused.runs > flips / 4 && refused.links > flips / 50, JSON.stringify(refused))
  assert.equal(refused.runs + refused.links, flips)
  return { name: of.name, flips, ...refused, files: files.size }
}
