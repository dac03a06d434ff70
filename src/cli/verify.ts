/** Reads every byte of checkpoints and says what is damaged; `checkpoint verify` and `doctor`. */
import type { ChainDamage } from '../checkpoint/chain.ts'
import { linkName } from '../checkpoint/layout.ts'
import type { CheckpointLink } from '../checkpoint/manifest.ts'
import { runsOf } from '../checkpoint/registry.ts'
import { isMillraceError, messageOf } from '../errors.ts'
import { RunReader } from '../state/runs/run-reader.ts'
import type { BlobStore } from '../storage/blob-store.ts'

export interface Finding {
  readonly name: string
  readonly problem: string
  /** The checkpoints that need the file. */
  readonly checkpoints: readonly number[]
}

export interface Verification {
  readonly checkpoints: number
  readonly runs: number
  readonly bytes: number
  readonly damage: readonly Finding[]
}

/**
 * Verifies each file of these checkpoints once.
 *
 * @param onRun is told before each file how many of how many are done.
 */
export async function verifyCheckpoints(
  store: BlobStore,
  links: readonly CheckpointLink[],
  chainDamage: readonly ChainDamage[],
  onRun: (done: number, of: number) => void = () => undefined,
): Promise<Verification> {
  const users = new Map<string, CheckpointLink[]>()
  const runs = new Map(links.flatMap((link) => runsOf(link).map((run) => [run.name, run] as const)))
  for (const link of links) {
    for (const { name } of runsOf(link)) users.set(name, [...(users.get(name) ?? []), link])
  }
  const damage: Finding[] = chainDamage.map(({ name, problem }) => {
    return { name, problem, checkpoints: [] }
  })
  let bytes = 0
  let done = 0
  for (const run of runs.values()) {
    onRun(done++, runs.size)
    bytes += run.lengthBytes
    try {
      await (await RunReader.open(store, run)).verify()
    } catch (error) {
      const needing = await stillThere(store, users.get(run.name) ?? [])
      if (needing.length === 0) continue
      const checkpoints = needing.map((link) => link.checkpointId)
      damage.push({ name: run.name, problem: problemOf(error), checkpoints })
    }
  }
  return { checkpoints: links.length, runs: runs.size, bytes, damage }
}

/** A running job deletes old checkpoints meanwhile; what it has deleted is not damaged. */
async function stillThere(
  store: BlobStore,
  links: readonly CheckpointLink[],
): Promise<readonly CheckpointLink[]> {
  const found: CheckpointLink[] = []
  for (const link of links) {
    const isThere = await store.stat(linkName(link.sequence)).then(
      () => true,
      (error: unknown) => !isMillraceError(error) || error.code !== 'STORAGE_NOT_FOUND',
    )
    if (isThere) found.push(link)
  }
  return found
}

function problemOf(error: unknown): string {
  if (isMillraceError(error) && error.code === 'STORAGE_NOT_FOUND') return 'is missing'
  return messageOf(error)
}
