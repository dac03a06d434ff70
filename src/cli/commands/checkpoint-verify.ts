/** `millrace checkpoint verify`: reads every byte and compares the checksums. */
import { GIVEN_UP, givenUpBy } from '../../checkpoint/chain.ts'
import { describeLoss } from '../../checkpoint/lost.ts'
import { chainLines, reportChain } from '../chain-report.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatBytes } from '../format.ts'
import { StatusLine } from '../progress.ts'
import { chosenCheckpoint, openSnapshots } from '../snapshots.ts'
import { styled, type Terminal } from '../terminal.ts'
import { type CheckpointLoss, type Finding, verifyCheckpoints } from '../verify.ts'

export const checkpointVerify: CommandFunction = async (invocation, terminal) => {
  const snapshots = await openSnapshots(invocation, terminal, undefined, 'report')
  const { store, chain, checkpoints } = snapshots
  const isOne = invocation.isSet('checkpoint')
  const links = isOne ? [chosenCheckpoint(snapshots, invocation.value('checkpoint'))] : checkpoints
  const line = terminal.errIsTty && !invocation.json ? new StatusLine(terminal) : undefined
  const isVerified = store.signatures !== undefined
  const report = reportChain(chain, isVerified, invocation.value('link'))
  const chainDamage = isOne ? [] : chain.damage
  const verification = await verifyCheckpoints(store, links, chainDamage, (progress) => {
    const { file, files, readBytes, totalBytes } = progress
    const read = `${formatBytes(readBytes)} of ${formatBytes(totalBytes)}`
    line?.show(`verifying file ${file} of ${files}, ${read}`)
  }).finally(() => line?.clear())
  await store.close()
  const { damage, runs, bytes } = verification
  const broken = new Set(damage.flatMap((finding) => finding.checkpoints.map(idOf)))
  const sound = links.map(idOf).filter((id) => !broken.has(id))
  const isSound = damage.length === 0 && (isOne || report.firstBroken === null)
  if (invocation.json) {
    terminal.out(
      `${JSON.stringify({ location: store.location, ...verification, sound, chain: report })}\n`,
    )
    return exitCode(isSound ? 'ok' : 'failed')
  }
  for (const finding of damage) terminal.out(findingText(finding, terminal))
  const isAsked = isVerified || report.keys.length > 0 || invocation.isSet('link')
  for (const text of isAsked && !isOne ? chainLines(report) : []) terminal.out(`${text}\n`)
  const count = `${links.length} checkpoint${links.length === 1 ? '' : 's'}`
  const verdict = damage.length === 0 ? 'sound' : `${damage.length} damaged`
  terminal.out(`${count}, ${runs} files, ${formatBytes(bytes)}: ${verdict}\n`)
  if (givenUpBy(chain) !== undefined) terminal.err(`${GIVEN_UP}\n`)
  if (damage.length > 0) {
    const left = sound.length === 0 ? 'no checkpoint is' : `sound: checkpoint ${sound.join(', ')}`
    terminal.out(`${sound.length === 0 ? `${left} sound` : left}\n`)
  }
  return exitCode(isSound ? 'ok' : 'failed')
}

const idOf = ({ checkpointId }: { readonly checkpointId: number }) => checkpointId

function findingText({ name, problems, checkpoints }: Finding, terminal: Terminal): string {
  const label = styled(terminal, 'red', 'damaged')
  const needed =
    checkpoints.length === 0 ? '' : `, needed by checkpoint ${checkpoints.map(idOf).join(', ')}`
  const lines = problems.map((problem) => `${label} ${name}: ${problem}${needed}\n`)
  return [...lines, ...lossLines(checkpoints)].join('')
}

/** What is lost, once for all checkpoints that lose the same. */
function lossLines(checkpoints: readonly CheckpointLoss[]): string[] {
  const ids = new Map<string, number[]>()
  for (const { checkpointId, losses } of checkpoints) {
    for (const loss of losses) {
      const text = describeLoss(loss)
      ids.set(text, [...(ids.get(text) ?? []), checkpointId])
    }
  }
  return [...ids].map(([text, of]) => {
    const where = of.length === checkpoints.length ? '' : ` (checkpoint ${of.join(', ')})`
    return `  lost: ${text}${where}\n`
  })
}
