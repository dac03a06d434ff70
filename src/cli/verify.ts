/** Reads every byte of checkpoints and says what is damaged, and what is lost by it. */
import type { ChainDamage } from '../checkpoint/chain.ts'
import { linkName } from '../checkpoint/layout.ts'
import { type Loss, lossesOf } from '../checkpoint/lost.ts'
import type { CheckpointLink } from '../checkpoint/manifest.ts'
import { runsOf } from '../checkpoint/registry.ts'
import { isMillraceError, messageOf } from '../errors.ts'
import { RunReader } from '../state/runs/run-reader.ts'
import { type RunSurvey, surveyRun } from '../state/runs/run-survey.ts'
import type { RunReference } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { MeteredStore } from './metered-store.ts'

/** What a checkpoint lacks because of one file. */
export interface CheckpointLoss {
  readonly checkpointId: number
  readonly losses: readonly Loss[]
}

export interface Finding {
  readonly name: string
  readonly problems: readonly string[]
  /** The checkpoints that need the file, oldest first; none for a manifest. */
  readonly checkpoints: readonly CheckpointLoss[]
}

export interface Verification {
  readonly checkpoints: number
  readonly runs: number
  readonly bytes: number
  readonly damage: readonly Finding[]
}

export interface VerificationProgress {
  readonly file: number
  readonly files: number
  readonly readBytes: number
  readonly totalBytes: number
}

/**
 * Verifies each file of these checkpoints once: every block, every filter, the order of keys.
 *
 * @param onRead is told again and again how far it has come.
 * @throws what the storage throws, if it is no damage.
 */
export async function verifyCheckpoints(
  store: BlobStore,
  links: readonly CheckpointLink[],
  chainDamage: readonly ChainDamage[],
  onRead: (progress: VerificationProgress) => void = () => undefined,
): Promise<Verification> {
  const users = new Map<string, CheckpointLink[]>()
  const runs = new Map(links.flatMap((link) => runsOf(link).map((run) => [run.name, run] as const)))
  for (const link of links) {
    for (const { name } of runsOf(link)) users.set(name, [...(users.get(name) ?? []), link])
  }
  const totalBytes = [...runs.values()].reduce((sum, run) => sum + run.lengthBytes, 0)
  const damage: Finding[] = chainDamage.map(({ name, problem }) => {
    return { name, problems: [problem], checkpoints: [] }
  })
  let file = 0
  const report = () =>
    onRead({
      file,
      files: runs.size,
      readBytes: Math.min(metered.readBytes, totalBytes),
      totalBytes,
    })
  const metered = new MeteredStore(store, report)
  for (const run of runs.values()) {
    file++
    const { problems, lost } = await survey(metered, run)
    if (problems.length === 0) continue
    const needing = await stillThere(store, users.get(run.name) ?? [])
    if (needing.length === 0) continue
    const checkpoints = needing.map((link) => {
      return { checkpointId: link.checkpointId, losses: lossesOf(link, run.name, lost) }
    })
    damage.push({ name: run.name, problems, checkpoints })
  }
  return { checkpoints: links.length, runs: runs.size, bytes: totalBytes, damage }
}

async function survey(store: BlobStore, run: RunReference): Promise<RunSurvey> {
  try {
    return await surveyRun(await RunReader.open(store, run))
  } catch (error) {
    if (!isMillraceError(error)) throw error
    if (error.code === 'STORAGE_NOT_FOUND') return { problems: ['is missing'] }
    if (error.code === 'STORAGE_CORRUPT') return { problems: [messageOf(error)] }
    throw error
  }
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
