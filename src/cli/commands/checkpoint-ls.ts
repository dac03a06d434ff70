/** `millrace checkpoint ls`: the checkpoints that are there, newest first. */
import type { CheckpointLink } from '../../checkpoint/manifest.ts'
import { GIVEN_UP, givenUpBy } from '../../checkpoint/chain.ts'
import { lineOf } from '../../checkpoint/line.ts'
import { runsOf } from '../../checkpoint/registry.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatBytes, formatCount, formatDuration, formatTime } from '../format.ts'
import { openSnapshots } from '../snapshots.ts'
import { tableLines } from '../table.ts'
import { styled } from '../terminal.ts'

export const checkpointLs: CommandFunction = async (invocation, terminal) => {
  const { store, chain, checkpoints } = await openSnapshots(invocation, terminal)
  await store.close()
  const { damage } = chain
  const givenUp = givenUpBy(chain)
  const newestFirst = checkpoints.toReversed()
  // The others were left behind by a rollback or a fresh start.
  const stays = new Set(lineOf(chain.entries.map(({ link }) => link)))
  if (invocation.json) {
    const rows = newestFirst.map((link) => ({
      checkpointId: link.checkpointId,
      sequence: link.sequence,
      purpose: link.purpose,
      writtenAt: link.writtenAt,
      finished: link.finished,
      leftBehind: !stays.has(link),
      parallelism: link.parallelism,
      writtenBytes: link.statistics.bytes,
      totalBytes: totalBytes(link),
      entries: totalEntries(link),
      durationMs: durationMs(link),
    }))
    const ended = givenUp === undefined ? {} : { givenUpAt: givenUp.writtenAt }
    const value = { location: store.location, checkpoints: rows, damage, ...ended }
    terminal.out(`${JSON.stringify(value)}\n`)
    return exitCode('ok')
  }
  const [head = '', ...lines] = tableLines<CheckpointLink>(
    [
      { title: 'N', value: (link) => String(link.checkpointId), align: 'right' },
      { title: 'TAKEN', value: (link) => formatTime(link.writtenAt) },
      { title: 'WRITTEN', value: (link) => formatBytes(link.statistics.bytes), align: 'right' },
      { title: 'TOTAL', value: (link) => formatBytes(totalBytes(link)), align: 'right' },
      { title: 'ENTRIES', value: (link) => formatCount(totalEntries(link)), align: 'right' },
      { title: 'TOOK', value: (link) => formatDuration(durationMs(link)), align: 'right' },
      { title: 'WORKERS', value: (link) => String(link.parallelism), align: 'right' },
      {
        title: 'WHY',
        value: (link) => {
          const finished = link.finished ? ', finished' : ''
          return `${link.purpose}${finished}${stays.has(link) ? '' : ', left behind'}`
        },
      },
    ],
    newestFirst,
    terminal.outIsTty ? terminal.columns : undefined,
  )
  terminal.err(`${store.location}\n`)
  terminal.out(`${[styled(terminal, 'bold', head), ...lines].join('\n')}\n`)
  if (givenUp !== undefined) terminal.err(`${formatTime(givenUp.writtenAt)}: ${GIVEN_UP}\n`)
  for (const { name, problem } of damage) {
    terminal.err(`${styled(terminal, 'red', 'damaged:')} ${name} ${problem}\n`)
  }
  return exitCode('ok')
}

/** Of all files it needs, those of earlier checkpoints included. */
function totalBytes(link: CheckpointLink): number {
  return runsOf(link).reduce((sum, run) => sum + run.lengthBytes, 0)
}

function totalEntries(link: CheckpointLink): number {
  return runsOf(link).reduce((sum, run) => sum + run.entries, 0)
}

/** To the commit point; completing goes on after the manifest is written. */
function durationMs({ statistics }: CheckpointLink): number {
  return statistics.initMs + statistics.prepareMs + statistics.confirmMs
}
