/** `millrace checkpoint ls`: the checkpoints that are there, newest first. */
import { GIVEN_UP, givenUpBy } from '../../checkpoint/chain.ts'
import { type CheckpointListing, listCheckpoints } from '../../checkpoint/listing.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatBytes, formatCount, formatDuration, formatTime } from '../format.ts'
import { openSnapshots } from '../snapshots.ts'
import { tableLines } from '../table.ts'
import { styled } from '../terminal.ts'

export const checkpointLs: CommandFunction = async (invocation, terminal) => {
  const { store, chain } = await openSnapshots(invocation, terminal)
  await store.close()
  const { damage } = chain
  const givenUp = givenUpBy(chain)
  const rows = listCheckpoints(chain)
  if (invocation.json) {
    const ended = givenUp === undefined ? {} : { givenUpAt: givenUp.writtenAt }
    const value = { location: store.location, checkpoints: rows, damage, ...ended }
    terminal.out(`${JSON.stringify(value)}\n`)
    return exitCode('ok')
  }
  const [head = '', ...lines] = tableLines<CheckpointListing>(
    [
      { title: 'N', value: (row) => String(row.checkpointId), align: 'right' },
      { title: 'TAKEN', value: (row) => formatTime(row.writtenAt) },
      { title: 'WRITTEN', value: (row) => formatBytes(row.writtenBytes), align: 'right' },
      { title: 'TOTAL', value: (row) => formatBytes(row.totalBytes), align: 'right' },
      { title: 'ENTRIES', value: (row) => formatCount(row.entries), align: 'right' },
      { title: 'TOOK', value: (row) => formatDuration(row.durationMs), align: 'right' },
      { title: 'WORKERS', value: (row) => String(row.parallelism), align: 'right' },
      { title: 'WHY', value: whyText },
    ],
    rows,
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

function whyText({ purpose, finished, leftBehind }: CheckpointListing): string {
  return `${purpose}${finished ? ', finished' : ''}${leftBehind ? ', left behind' : ''}`
}
