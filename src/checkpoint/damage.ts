/**
 * Damage, and what may be restored in spite of it. A checkpoint is sound if all its runs are there,
 * as long as the manifest says and with the footer it names; blocks are verified when they are
 * read. Falling back to an older one is for the user to allow, if newer output may be visible.
 */
import { MillraceError, isMillraceError, messageOf } from '../errors.ts'
import { RunReader } from '../state/runs/run-reader.ts'
import type { RunReference } from '../state/snapshot.ts'
import { blobExists } from '../storage/blob-exists.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { type Chain, type ChainDamage, GIVEN_UP, givenUpBy } from './chain.ts'
import { type Line, walkLine } from './line.ts'
import { linkName } from './layout.ts'
import { describeLoss, lossesOf } from './lost.ts'
import type { CheckpointLink } from './manifest.ts'
import { runsOf } from './registry.ts'
import { requireNewerOutput, requireOutputOf } from './visible-output.ts'

/** Proves that a run exists, has its length and its footer; throws `STORAGE_CORRUPT` if not. */
export type RunVerifier = (store: BlobStore, run: RunReference) => Promise<void>

export interface RunDamage {
  readonly run: RunReference
  readonly problem: string
}

const VERIFIED_AT_ONCE = 8
const LINES_MAX = 20

/** What its footer says is read by the workers. */
const checkRun: RunVerifier = (store, run) => RunReader.check(store, run)

/** Reads every block too: for a choice after one was found damaged. */
export const readRun: RunVerifier = async (store, run) => {
  await (await RunReader.open(store, run)).verify()
}

/**
 * What is wrong with the runs of a checkpoint; empty if it can be restored. Errors of the storage
 * other than damage are thrown: a store that does not answer is no reason to fall back.
 */
export async function verifyCheckpoint(
  store: BlobStore,
  link: CheckpointLink,
  verifyRun: RunVerifier = checkRun,
): Promise<readonly RunDamage[]> {
  const waiting = runsOf(link).toReversed()
  const damage: RunDamage[] = []
  const problemOf = (run: RunReference): Promise<string | undefined> =>
    verifyRun(store, run).then(
      () => undefined,
      (error: unknown) => {
        if (!isDamage(error)) throw error
        return messageOf(error)
      },
    )
  const verifyNext = async (): Promise<void> => {
    for (let run = waiting.pop(); run !== undefined; run = waiting.pop()) {
      const problem = await problemOf(run)
      // What was read wrongly once, by a cable or a cache, is no reason to give up a checkpoint.
      if (problem !== undefined && (await problemOf(run)) !== undefined)
        damage.push({ run, problem })
    }
  }
  await Promise.all(Array.from({ length: VERIFIED_AT_ONCE }, verifyNext))
  return damage.toSorted((a, b) => (a.run.name < b.run.name ? -1 : 1))
}

/** True if a file is not what it was written as, or is not there. */
export function isDamage(error: unknown): boolean {
  if (!isMillraceError(error)) return false
  return error.code === 'STORAGE_CORRUPT' || error.code === 'STORAGE_NOT_FOUND'
}

export interface ChoiceOptions {
  /** Go on although output that is visible already will be written again. */
  readonly acceptDuplicates?: boolean
  /** What sinks were called before: files under an old name are not found by the new one. */
  readonly formerNames?: readonly string[]
  /** This one and no other, instead of the newest sound one. */
  readonly checkpointId?: number
  readonly verifyRun?: RunVerifier
  /** Told of each damaged file or link that the choice passed over, loudly, one sentence each. */
  readonly onDamage?: (problem: string) => void
}

/**
 * The checkpoint to restore: the newest of the line whose files are all sound, or the one asked
 * for. Undefined only if the chain is empty or was started afresh and has no checkpoint since.
 *
 * @throws `CHECKPOINT_DAMAGED` naming the lost key groups if none is sound; `CHECKPOINT_NOT_FOUND`
 *   also if who leads has deleted it meanwhile;
 *   `OUTPUT_MAY_REPEAT` if newer output may be visible that a sink cannot withdraw;
 *   `OUTPUT_TAKEN_BACK` if that of a checkpoint that was left behind is visible no more.
 */
export async function chooseCheckpoint(
  store: BlobStore,
  chain: Chain,
  options: ChoiceOptions = {},
): Promise<CheckpointLink | undefined> {
  const { checkpointId, verifyRun = checkRun, onDamage = () => undefined } = options
  const links = chain.entries.map((entry) => entry.link)
  const line = walkLine(links)
  const hidden = hiddenLinks(chain, line)
  const newestFirst = line.checkpoints.toReversed()
  const candidates =
    checkpointId === undefined ? newestFirst : [namedIn(store, chain, line, checkpointId)]
  const lost: string[] = []
  const gone: number[] = []
  for (const candidate of candidates) {
    const damage = await verifyCheckpoint(store, candidate, verifyRun)
    if (damage.length === 0) {
      const isNewer = (link: { readonly sequence: number }) => link.sequence > candidate.sequence
      const newer = newestFirst.filter(isNewer)
      const missing = hidden.filter(isNewer)
      // Also one that was left behind: what it made visible may not have been taken back yet.
      const isHidden = chain.damage.some(isNewer)
      for (const problem of [...lost, ...missing.map(describeLink)]) onDamage(problem)
      const { acceptDuplicates = false, formerNames = [] } = options
      if (!line.checkpoints.includes(candidate)) {
        requireOutputOf(candidate, links, { acceptDuplicates })
      } else if (!acceptDuplicates) {
        requireNewerOutput(candidate, newer, isHidden, formerNames)
      }
      return candidate
    }
    // Links go before their runs: who leads has deleted it while it was looked at.
    if (await blobExists(store, linkName(candidate.sequence))) {
      lost.push(...damage.map((entry) => describeRun(candidate, entry)))
    } else gone.push(candidate.checkpointId)
  }
  if (gone.length > 0 && lost.length === 0) throw deletedMeanwhile(store, gone)
  if (lost.length === 0 && hidden.length === 0) return undefined
  throw allDamaged(store, [...hidden.map(describeLink), ...lost])
}

/** Damaged or missing links that may have been checkpoints of the line. */
function hiddenLinks(chain: Chain, line: Line): readonly ChainDamage[] {
  return chain.damage.filter(({ sequence }) => line.includes(sequence))
}

/** The checkpoint with this id: of the line if it is there, else one that was left behind. */
function namedIn(store: BlobStore, chain: Chain, line: Line, checkpointId: number): CheckpointLink {
  const all = chain.entries.map(({ link }) => link).filter((link) => link.kind === 'checkpoint')
  const found = [...all, ...line.checkpoints].findLast((link) => link.checkpointId === checkpointId)
  if (found !== undefined) return found
  const ids = all.map((link) => link.checkpointId)
  const none = givenUpBy(chain) === undefined ? 'none is retained' : `there is none: ${GIVEN_UP}`
  const message = `${store.location}: there is no checkpoint ${checkpointId}`
  throw new MillraceError('CHECKPOINT_NOT_FOUND', message, {
    cure: ids.length === 0 ? none : `retained are ${ids.join(', ')}`,
    details: { checkpointId },
  })
}

function deletedMeanwhile(store: BlobStore, ids: readonly number[]): MillraceError {
  const which = `checkpoint ${ids.join(', ')}`
  const message = `${store.location}: ${which} was deleted while it was looked at`
  return new MillraceError('CHECKPOINT_NOT_FOUND', message, {
    cure: 'another process leads the job, and keeps what it was told to: start again, or stop it',
    details: { checkpointId: ids[0] },
  })
}

function allDamaged(store: BlobStore, problems: readonly string[]): MillraceError {
  const shown = problems.slice(0, LINES_MAX)
  const more = problems.length > shown.length ? `\n  - ${problems.length - shown.length} more` : ''
  const lines = shown.map((problem) => `\n  - ${problem}`).join('')
  const message = `${store.location}: no checkpoint can be restored:${lines}${more}\n`
  return new MillraceError('CHECKPOINT_DAMAGED', message)
}

function describeLink(damage: ChainDamage): string {
  return `${damage.name} ${damage.problem.replace(`${damage.name} `, '')}`
}

/** Names what is lost with a run: whose state, and which key groups of it. */
function describeRun(link: CheckpointLink, { run, problem }: RunDamage): string {
  const lost = lossesOf(link, run.name).map(describeLoss)
  return `checkpoint ${link.checkpointId} lacks ${lost.join('; ')}: ${problem}`
}
