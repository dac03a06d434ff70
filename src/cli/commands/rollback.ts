/** `millrace rollback`: makes an older checkpoint of a stopped job the one that it goes on from. */
import type { Chain } from '../../checkpoint/chain.ts'
import { lineOf } from '../../checkpoint/line.ts'
import { rollBack } from '../../checkpoint/rollback.ts'
import { MillraceError } from '../../errors.ts'
import { claimJobFolder } from '../../runtime/job-claim.ts'
import { systemClock } from '../../util/clock.ts'
import { systemRandom } from '../../util/random.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatTime } from '../format.ts'
import { jobsDirectory } from '../given-options.ts'
import { withProgress } from '../progress.ts'
import { openSnapshots } from '../snapshots.ts'
import { styled, type Terminal } from '../terminal.ts'

export const rollback: CommandFunction = async (invocation, terminal) => {
  const [job = '', wanted = ''] = invocation.positionals
  if (!/^[1-9]\d*$/.test(wanted)) {
    throw new MillraceError('CLI_USAGE', `${JSON.stringify(wanted)} is no checkpoint number`, {
      cure: `give one of those that \`millrace checkpoint ls ${job}\` lists`,
    })
  }
  const { store, chain } = await openSnapshots(invocation, terminal)
  const leader = systemRandom().id()
  const jobName = chain.entries.at(-1)?.link.jobName ?? job
  const directory = await jobsDirectory(invocation, terminal)
  try {
    // Held while the chain is written: a job that starts meanwhile is refused, and the other way.
    const claim = await claimJobFolder({ directory, jobName, id: leader })
    try {
      const work = rollBack(store, {
        checkpointId: Number(wanted),
        jobName,
        leader,
        writtenAt: systemClock.now(),
        acceptDuplicates: invocation.isSet('accept-duplicates'),
        onDamage: (problem) => terminal.err(`${styled(terminal, 'red', 'damaged:')} ${problem}\n`),
      })
      const after = await withProgress(terminal, 'verifying the checkpoint', work)
      say(after, Number(wanted), jobName, invocation.json, terminal)
      return exitCode('ok')
    } finally {
      await claim.release()
    }
  } finally {
    await store.close()
  }
}

/** What the job stands on now, and what it left behind by that. */
function say(
  { entries }: Chain,
  checkpointId: number,
  jobName: string,
  isJson: boolean,
  terminal: Terminal,
): void {
  const links = entries.map(({ link }) => link)
  const now = lineOf(links).at(-1)
  const stays = new Set(lineOf(links).map((link) => link.sequence))
  const leftBehind = lineOf(links.slice(0, -1))
    .filter((link) => !stays.has(link.sequence))
    .map((link) => link.checkpointId)
  if (isJson) {
    terminal.out(`${JSON.stringify({ job: jobName, checkpointId, leftBehind })}\n`)
    return
  }
  const taken = now === undefined ? '' : `, taken ${formatTime(now.writtenAt)}`
  terminal.out(`${jobName} goes on from checkpoint ${checkpointId}${taken}\n`)
  if (leftBehind.length === 0) return
  terminal.out(
    `left behind: ${leftBehind.join(', ')}; the next run takes their output back where it can, ` +
      `and their files go when new checkpoints have taken their place\n`,
  )
}
