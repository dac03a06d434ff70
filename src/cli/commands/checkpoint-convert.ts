/** `millrace checkpoint convert`: a checkpoint as a savepoint, with other key groups if asked. */
import { runsOf } from '../../checkpoint/registry.ts'
import { MillraceError } from '../../errors.ts'
import { type Conversion, convertSavepoint } from '../../savepoint/convert.ts'
import { openEncryptedStore } from '../../savepoint/open-store.ts'
import type { Snapshot } from '../../savepoint/snapshot.ts'
import { writeSavepoint } from '../../savepoint/write.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import type { CommandFunction, Invocation } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatBytes, formatCount } from '../format.ts'
import { commandOptions, givenPlace, keysPlace } from '../given-options.ts'
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
    const keys = keysPlace(values, terminal)
    const place = keys === undefined ? target : await openEncryptedStore(target, keys)
    const written = await write(from, place, maxParallelism, invocation, terminal)
    if (typeof place !== 'string') await place.close()
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

async function write(
  from: Snapshot,
  target: string | BlobStore,
  maxParallelism: number,
  invocation: Invocation,
  terminal: Terminal,
): Promise<Conversion> {
  if (maxParallelism === from.maxParallelism) {
    await writeSavepoint(target, { from })
    const runs = runsOf(from.link)
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
