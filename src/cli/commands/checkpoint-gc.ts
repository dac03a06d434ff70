/** `millrace checkpoint gc`: deletes what no checkpoint needs any more; says first what and why. */
import { type SweepFinding, type SweepReason, sweep } from '../../checkpoint/sweep.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatBytes } from '../format.ts'
import { StatusLine } from '../progress.ts'
import { openSnapshots } from '../snapshots.ts'
import { tableLines } from '../table.ts'
import { styled } from '../terminal.ts'

/** How a reason is told; of what stays, as the end of a sentence. */
const REASONS: Readonly<Record<SweepReason, string>> = {
  unnamed: 'no checkpoint names it, and the run of the job that wrote it is over',
  'given-up': 'the job was cancelled and gave its checkpoints up',
  'expired-pin': 'a reader held a checkpoint with it; its time is over',
  named: 'that checkpoints name',
  'leading-epoch': 'of the newest run of the job, which may still name them',
  pinned: 'that a reader may hold, by a mark on a checkpoint that is gone',
  'damaged-chain': 'that a damaged manifest may name',
  foreign: 'that Millrace did not write',
}

export const checkpointGc: CommandFunction = async (invocation, terminal) => {
  const { store, chain } = await openSnapshots(invocation, terminal)
  const isDryRun = invocation.isSet('dry-run')
  const line = terminal.errIsTty && !invocation.json ? new StatusLine(terminal) : undefined
  line?.show('looking for files that no checkpoint needs')
  const request = {
    nowMs: Date.now(),
    isDryRun,
    onDelete: (done: number, of: number) => line?.show(`deleting file ${done + 1} of ${of}`),
  }
  const found = await sweep(store, request).finally(() => line?.clear())
  await store.close()
  const doomed = found.findings.filter(({ verdict }) => verdict === 'delete')
  const kept = keptByReason(found.findings)
  const isStuck = kept.some(({ reason }) => reason === 'damaged-chain')
  if (invocation.json) {
    const { leaderEpoch, checkpoints } = found
    const deleted = doomed.map(({ name, lengthBytes, reason }) => ({ name, lengthBytes, reason }))
    const value = { location: store.location, isDryRun, leaderEpoch, checkpoints, deleted, kept }
    terminal.out(`${JSON.stringify(value)}\n`)
    return exitCode(isStuck ? 'failed' : 'ok')
  }
  terminal.err(`${store.location}\n`)
  if (doomed.length > 0) {
    const [head = '', ...lines] = doomedLines(
      doomed,
      terminal.outIsTty ? terminal.columns : undefined,
    )
    terminal.out(`${[styled(terminal, 'bold', head), ...lines].join('\n')}\n\n`)
  }
  const verb = isDryRun ? 'would be deleted' : 'deleted'
  terminal.out(`${amount(doomed.length, sumOf(doomed))} ${verb}\n`)
  for (const { reason, files, bytes } of kept) {
    terminal.out(`${amount(files, bytes)} kept ${REASONS[reason]}\n`)
  }
  if (isStuck) {
    const names = chain.damage.map(({ name }) => name).join(', ')
    const text = `${styled(terminal, 'red', 'damaged:')} ${names}: no run is deleted until newer`
    terminal.err(`${text} checkpoints have taken its place, or it is restored from a copy\n`)
  }
  return exitCode(isStuck ? 'failed' : 'ok')
}

interface Kept {
  readonly reason: SweepReason
  readonly files: number
  readonly bytes: number
}

function keptByReason(findings: readonly SweepFinding[]): readonly Kept[] {
  const kept = findings.filter(({ verdict }) => verdict === 'keep')
  return [...new Set(kept.map(({ reason }) => reason))].map((reason) => {
    const files = kept.filter((finding) => finding.reason === reason)
    return { reason, files: files.length, bytes: sumOf(files) }
  })
}

function doomedLines(doomed: readonly SweepFinding[], width: number | undefined): string[] {
  return tableLines<SweepFinding>(
    [
      { title: 'FILE', value: ({ name }) => name },
      { title: 'SIZE', value: ({ lengthBytes }) => formatBytes(lengthBytes), align: 'right' },
      { title: 'WHY', value: ({ reason }) => REASONS[reason] },
    ],
    doomed,
    width,
  )
}

function sumOf(findings: readonly SweepFinding[]): number {
  return findings.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
}

function amount(files: number, bytes: number): string {
  return `${files} file${files === 1 ? '' : 's'}, ${formatBytes(bytes)},`
}
