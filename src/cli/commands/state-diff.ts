/** `millrace state diff`: which keys two snapshots hold otherwise. */
import { differences, type StateDifference } from '../../savepoint/difference.ts'
import { plainValue } from '../../savepoint/plain-value.ts'
import type { Snapshot } from '../../savepoint/snapshot.ts'
import { describeKey } from '../../types/keys.ts'
import type { CommandFunction, Invocation } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatCount } from '../format.ts'
import { StatusLine } from '../progress.ts'
import { withSnapshot } from '../snapshots.ts'
import { tableLines } from '../table.ts'
import { styled, type Terminal } from '../terminal.ts'

interface Count {
  readonly uid: string
  readonly state: string
  added: number
  removed: number
  changed: number
  same: number
}

const progressEvery = 1_000

export const stateDiff: CommandFunction = async (invocation, terminal) => {
  const [first = '', second = ''] = invocation.positionals
  const [one, other] = invocation.values('checkpoint')
  const counts = await withSnapshot(
    invocation,
    terminal,
    (before) => {
      const inner = { argument: second, checkpoint: other }
      return withSnapshot(
        invocation,
        terminal,
        (after) => compared(before, after, invocation, terminal),
        inner,
      )
    },
    { argument: first, checkpoint: one },
  )
  if (invocation.json) {
    terminal.out(`${JSON.stringify({ before: first, after: second, states: counts })}\n`)
    return exitCode('ok')
  }
  const number = (count: number) => (count === 0 ? '–' : formatCount(count))
  const [head = '', ...lines] = tableLines<Count>(
    [
      { title: 'OPERATOR', value: (row) => row.uid },
      { title: 'STATE', value: (row) => row.state },
      { title: 'ADDED', value: (row) => number(row.added), align: 'right' },
      { title: 'REMOVED', value: (row) => number(row.removed), align: 'right' },
      { title: 'CHANGED', value: (row) => number(row.changed), align: 'right' },
      { title: 'SAME', value: (row) => number(row.same), align: 'right' },
    ],
    counts,
    terminal.outIsTty ? terminal.columns : undefined,
  )
  terminal.out(`${[styled(terminal, 'bold', head), ...lines].join('\n')}\n`)
  return exitCode('ok')
}

/** Counts the differences; writes each, if asked to. */
async function compared(
  before: Snapshot,
  after: Snapshot,
  invocation: Invocation,
  terminal: Terminal,
): Promise<readonly Count[]> {
  const counts = new Map<string, Count>()
  const line = terminal.errIsTty && !invocation.isSet('keys') ? new StatusLine(terminal) : undefined
  let keys = 0
  try {
    for await (const found of differences(before, after, invocation.value('uid'))) {
      const { uid, state, change } = found
      const identity = JSON.stringify([uid, state])
      const empty = { uid, state, added: 0, removed: 0, changed: 0, same: 0 }
      const count = counts.get(identity) ?? empty
      counts.set(identity, count)
      count[change]++
      if (++keys % progressEvery === 0) line?.show(`comparing … ${formatCount(keys)} values`)
      if (change !== 'same' && invocation.isSet('keys')) {
        terminal.out(invocation.json ? jsonOf(found) : textOf(found))
      }
    }
  } finally {
    line?.clear()
  }
  return [...counts.values()]
}

const signs = { added: '+', removed: '-', changed: '~' } as const

function textOf({ uid, state, timer, change, key, before, after }: StateDifference): string {
  if (change === 'same') return ''
  const values = [before, after]
    .filter((value) => value !== undefined)
    .map((value) => JSON.stringify(plainValue(value)))
  const at = timer === undefined ? '' : ` at ${timer.timeMs}`
  const held = values.length === 0 ? '' : `: ${values.join(' → ')}`
  return `${signs[change]} ${uid} ${state} ${describeKey(key)}${at}${held}\n`
}

function jsonOf({ key, before, after, ...found }: StateDifference): string {
  const values = { before: plainValue(before), after: plainValue(after) }
  return `${JSON.stringify({ ...found, key: plainValue(key), ...values })}\n`
}
