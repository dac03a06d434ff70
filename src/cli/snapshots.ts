/** Finds the checkpoints that an argument means: a job's by its name, or a folder or URL. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { type Chain, GIVEN_UP, givenUpBy, readChain } from '../checkpoint/chain.ts'
import type { CheckpointLink } from '../checkpoint/manifest.ts'
import type { OnForged } from '../checkpoint/raw-link.ts'
import { MillraceError } from '../errors.ts'
import { openSnapshotStore } from '../savepoint/open-store.ts'
import { Snapshot } from '../savepoint/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { nearestName } from '../util/nearest.ts'
import type { Invocation } from './command.ts'
import { commandOptions, isUrl, keysPlace, signingPlace, subjectsPlace } from './given-options.ts'
import type { Terminal } from './terminal.ts'

export interface OpenSnapshots {
  readonly store: BlobStore
  /** To open it once more. */
  readonly location: string
  readonly chain: Chain
  /** Newest last. */
  readonly checkpoints: readonly CheckpointLink[]
}

/**
 * Reads the chain of what the first positional names, or `argument`. Close the store afterwards.
 *
 * @throws `CHECKPOINT_NOT_FOUND` if there is none.
 */
export async function openSnapshots(
  invocation: Invocation,
  terminal: Terminal,
  argument = invocation.positionals[0] ?? '',
  onForged?: OnForged,
): Promise<OpenSnapshots> {
  const location = await locationOf(argument, invocation, terminal)
  const { values } = await commandOptions(invocation, terminal)
  const keys = keysPlace(values, terminal)
  const isTrusted = invocation.isSet('accept-unsigned')
  const signingKeys = isTrusted ? undefined : signingPlace(values, terminal)
  const subjectKeys = subjectsPlace(values, terminal)
  const store = await openSnapshotStore(location, keys, signingKeys, subjectKeys)
  const chain = await readChain(store, onForged)
  const checkpoints = chain.entries.flatMap(({ link }) =>
    link.kind === 'checkpoint' ? [link] : [],
  )
  if (chain.entries.length > 0 || chain.damage.length > 0) {
    return { store, location, chain, checkpoints }
  }
  await store.close()
  throw await notFound(argument, `there are no checkpoints in ${location}`, invocation, terminal)
}

/** The checkpoint that `wanted` names, or the newest. */
export function chosenCheckpoint(
  { checkpoints, store, chain }: OpenSnapshots,
  wanted: string | undefined,
): CheckpointLink {
  const newest = checkpoints.at(-1)
  const found =
    wanted === undefined
      ? newest
      : checkpoints.findLast((link) => String(link.checkpointId) === wanted)
  if (found !== undefined) return found
  const there = checkpoints.map((link) => link.checkpointId).join(', ')
  const what = wanted === undefined ? 'no complete checkpoint' : `no checkpoint ${wanted}`
  throw new MillraceError(
    'CHECKPOINT_NOT_FOUND',
    `there is ${what} in ${store.location}${whyNone(chain)}`,
    there === '' ? {} : { cure: `there are ${there}` },
  )
}

/** The rest of a sentence that says that there is no checkpoint. */
function whyNone(chain: Chain): string {
  return givenUpBy(chain) === undefined ? '' : `: ${GIVEN_UP}`
}

/** Where a snapshot is, and which one of those that are there. */
export interface SnapshotPlace {
  readonly argument: string
  readonly checkpoint: string | undefined
}

/** Opens the checkpoint that the command line names for as long as `work` takes. */
export async function withSnapshot<T>(
  invocation: Invocation,
  terminal: Terminal,
  work: (snapshot: Snapshot) => Promise<T>,
  place: SnapshotPlace = {
    argument: invocation.positionals[0] ?? '',
    checkpoint: invocation.value('checkpoint'),
  },
): Promise<T> {
  const opened = await openSnapshots(invocation, terminal, place.argument)
  try {
    const { checkpointId } = chosenCheckpoint(opened, place.checkpoint)
    await using snapshot = await Snapshot.open(opened.store, { checkpointId })
    const result = await work(snapshot)
    const { erasedEntries } = snapshot
    if (erasedEntries > 0) {
      const entries = erasedEntries === 1 ? 'entry' : 'entries'
      terminal.err(`${erasedEntries} ${entries} of erased subjects passed over\n`)
    }
    return result
  } finally {
    await opened.store.close()
  }
}

async function locationOf(
  argument: string,
  invocation: Invocation,
  terminal: Terminal,
): Promise<string> {
  if (isUrl(argument)) return argument
  const { values } = await commandOptions(invocation, terminal)
  const inWorkingDirectory = (path: string) => resolve(terminal.workingDirectory, path)
  const jobFolder = inWorkingDirectory(join(values.directory, argument))
  const isName = !isAbsolute(argument) && !/[/\\]/.test(argument)
  if (isName && existsSync(jobFolder)) {
    return values['checkpointing.storage'] ?? join(jobFolder, 'checkpoints')
  }
  const path = inWorkingDirectory(argument)
  if (!existsSync(path)) {
    throw await notFound(
      argument,
      `there is no job and no folder ${argument}`,
      invocation,
      terminal,
    )
  }
  // The folder of a job holds its checkpoints one level below.
  const below = join(path, 'checkpoints')
  return !existsSync(join(path, 'chain')) && existsSync(below) ? below : path
}

async function notFound(
  argument: string,
  message: string,
  invocation: Invocation,
  terminal: Terminal,
): Promise<MillraceError> {
  const { values } = await commandOptions(invocation, terminal)
  const folder = resolve(terminal.workingDirectory, values.directory)
  const near = nearestName(argument, await readdir(folder).catch(() => []))
  return new MillraceError('CHECKPOINT_NOT_FOUND', message, {
    cure:
      near === undefined || near === argument
        ? 'give the name of a job, or a folder of checkpoints or a savepoint'
        : `did you mean ${near}?`,
  })
}
