/** `millrace checkpoint convert`: a checkpoint as a savepoint, with other key groups if asked. */
import { runsOf } from '../../checkpoint/registry.ts'
import type { OptionValues } from '../../config/options.ts'
import { MillraceError } from '../../errors.ts'
import { type Conversion, convertSavepoint } from '../../savepoint/convert.ts'
import { openEncryptedStore, openSignedStore } from '../../savepoint/open-store.ts'
import type { Snapshot } from '../../savepoint/snapshot.ts'
import { writeSavepoint } from '../../savepoint/write.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import { openBlobStore } from '../../storage/open.ts'
import type { CommandFunction, Invocation } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatBytes, formatCount } from '../format.ts'
import { commandOptions, givenPlace, keysPlace, signingPlace } from '../given-options.ts'
import { StatusLine } from '../progress.ts'
import { withSnapshot } from '../snapshots.ts'
import type { Terminal } from '../terminal.ts'

export const checkpointConvert: CommandFunction = async (invocation, terminal) => {
  const [, to = ''] = invocation.positionals
  const target = givenPlace(to, terminal)
  const wanted = keyGroupsOf(invocation)
  return await withSnapshot(invocation, terminal, async (from) => {
    const maxParallelism = wanted ?? from.maxParallelism
    const { values } = await commandOptions(invocation, terminal)
    const store = await openTarget(target, values, terminal)
    const written = await writeAndClose(from, store, maxParallelism, invocation, terminal)
    const { jobName: job, checkpointId } = from
    if (invocation.json) {
      const value = { job, from: from.store.location, checkpointId, to: target, maxParallelism }
      terminal.out(`${JSON.stringify({ ...value, ...written })}\n`)
    } else {
      terminal.out(
        `checkpoint ${checkpointId} of ${job} as a savepoint in ${target}: ` +
          `${formatCount(written.entries)} entries, ${formatBytes(written.bytes)}, ` +
          `maxParallelism ${maxParallelism}\n`,
      )
    }
    return exitCode('ok')
  })
}

/** Encrypted and signed as the options say. */
async function openTarget(
  target: string,
  values: OptionValues,
  terminal: Terminal,
): Promise<BlobStore> {
  const keys = keysPlace(values, terminal)
  const signingKeys = signingPlace(values, terminal)
  if (signingKeys !== undefined) {
    return await openSignedStore(target, signingKeys, keys === undefined ? {} : { keys })
  }
  return keys === undefined ? await openBlobStore(target) : await openEncryptedStore(target, keys)
}

async function writeAndClose(...request: Parameters<typeof write>): Promise<Conversion> {
  const [, store] = request
  try {
    return await write(...request)
  } finally {
    await store.close()
  }
}

async function write(
  from: Snapshot,
  target: BlobStore,
  maxParallelism: number,
  invocation: Invocation,
  terminal: Terminal,
): Promise<Conversion> {
  const runs = runsOf(from.link)
  // What was written unsigned cannot be signed as it is.
  const isCopied =
    target.hashesBlocks !== true || runs.every(({ footerHash }) => footerHash !== undefined)
  if (maxParallelism === from.maxParallelism && isCopied) {
    await writeSavepoint(target, { from })
    return {
      entries: runs.reduce((sum, run) => sum + run.entries, 0),
      bytes: runs.reduce((sum, run) => sum + run.lengthBytes, 0),
    }
  }
  const line = terminal.errIsTty && !invocation.json ? new StatusLine(terminal) : undefined
  try {
    return await convertSavepoint(target, {
      from,
      maxParallelism,
      onProgress: (done, of) =>
        line?.show(`converting entry ${formatCount(done)} of about ${formatCount(of)}`),
    })
  } finally {
    line?.clear()
  }
}

function keyGroupsOf(invocation: Invocation): number | undefined {
  const text = invocation.value('max-parallelism')
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new MillraceError('CLI_USAGE', `--max-parallelism ${text}: that is no number`, {
    cure: 'give a whole number from 1 to 32768',
  })
}
