/** `millrace checkpoint verify`: reads every byte and compares the checksums. */
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatBytes } from '../format.ts'
import { StatusLine } from '../progress.ts'
import { chosenCheckpoint, openSnapshots } from '../snapshots.ts'
import { styled } from '../terminal.ts'
import { verifyCheckpoints } from '../verify.ts'

export const checkpointVerify: CommandFunction = async (invocation, terminal) => {
  const snapshots = await openSnapshots(invocation, terminal)
  const { store, chain, checkpoints } = snapshots
  const isOne = invocation.isSet('checkpoint')
  const links = isOne ? [chosenCheckpoint(snapshots, invocation.value('checkpoint'))] : checkpoints
  const line = terminal.errIsTty && !invocation.json ? new StatusLine(terminal) : undefined
  const chainDamage = isOne ? [] : chain.damage
  const verification = await verifyCheckpoints(store, links, chainDamage, (done, of) => {
    line?.show(`verifying file ${done + 1} of ${of}`)
  })
  line?.clear()
  await store.close()
  const { damage, runs, bytes } = verification
  if (invocation.json) {
    terminal.out(`${JSON.stringify({ location: store.location, ...verification })}\n`)
  } else {
    for (const { name, problem, checkpoints: needing } of damage) {
      const needed = needing.length === 0 ? '' : `, needed by checkpoint ${needing.join(', ')}`
      terminal.out(`${styled(terminal, 'red', 'damaged')} ${name}: ${problem}${needed}\n`)
    }
    const count = `${links.length} checkpoint${links.length === 1 ? '' : 's'}`
    const verdict = damage.length === 0 ? 'sound' : `${damage.length} damaged`
    terminal.out(`${count}, ${runs} files, ${formatBytes(bytes)}: ${verdict}\n`)
  }
  return exitCode(damage.length === 0 ? 'ok' : 'failed')
}
