/** `millrace state ls`: what a snapshot holds, counted. */
import { inFlightInventory, inventory, type OperatorInventory } from '../../savepoint/inventory.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatBytes, formatCount } from '../format.ts'
import { StatusLine } from '../progress.ts'
import { withSnapshot } from '../snapshots.ts'
import { tableLines } from '../table.ts'
import { styled } from '../terminal.ts'

export const stateLs: CommandFunction = async (invocation, terminal) => {
  const line = terminal.errIsTty && !invocation.json ? new StatusLine(terminal) : undefined
  const { operators, inFlight, checkpointId, jobName, location } = await withSnapshot(
    invocation,
    terminal,
    async (snapshot) => {
      const { jobName, checkpointId, store } = snapshot
      const counted = inventory(snapshot, (entries) => {
        line?.show(`counting … ${formatCount(entries)} entries`)
      })
      const operators = await counted
      const inFlight = await inFlightInventory(snapshot)
      return { operators, inFlight, checkpointId, jobName, location: store.location }
    },
  ).finally(() => line?.clear())
  if (invocation.json) {
    const counted = { location, jobName, checkpointId, operators }
    terminal.out(`${JSON.stringify(inFlight === undefined ? counted : { ...counted, inFlight })}\n`)
    return exitCode('ok')
  }
  const [head = '', ...lines] = tableLines<Row>(
    columns,
    operators.flatMap(rowsOf),
    terminal.outIsTty ? terminal.columns : undefined,
  )
  terminal.err(`${location}, checkpoint ${checkpointId} of ${jobName}\n`)
  if (inFlight !== undefined) {
    const { tasks, bytes } = inFlight
    const holders = tasks === 1 ? 'a task' : `${tasks} tasks`
    terminal.err(
      `unaligned: ${formatBytes(bytes)} of records are in flight, held by ${holders}, on their ` +
        `way to ${inFlight.operators.join(', ')}\n` +
        '  → to change or convert this state, take a savepoint: it has none in flight\n',
    )
  }
  terminal.out(`${[styled(terminal, 'bold', head), ...lines].join('\n')}\n`)
  return exitCode('ok')
}

interface Row {
  readonly operator: string
  readonly key: string
  readonly state: string
  readonly keys: string
  readonly entries: string
  readonly bytes: string
  readonly type: string
}

const columns = [
  { title: 'OPERATOR', value: (row: Row) => row.operator },
  { title: 'KEY', value: (row: Row) => row.key },
  { title: 'STATE', value: (row: Row) => row.state },
  { title: 'KEYS', value: (row: Row) => row.keys, align: 'right' },
  { title: 'ENTRIES', value: (row: Row) => row.entries, align: 'right' },
  { title: 'BYTES', value: (row: Row) => row.bytes, align: 'right' },
  { title: 'TYPE', value: (row: Row) => row.type },
] as const

function rowsOf({ uid, keyType, states, timers }: OperatorInventory): readonly Row[] {
  const rows: Omit<Row, 'operator' | 'key'>[] = states.map((state) => ({
    state: `${state.name}: ${state.kind}`,
    keys: formatCount(state.keys),
    entries: formatCount(state.entries),
    bytes: formatBytes(state.bytes),
    type: state.type,
  }))
  if (timers > 0) {
    const nothing = { keys: '', bytes: '', type: '' }
    rows.push({ state: '(timers)', entries: formatCount(timers), ...nothing })
  }
  return rows.map((row, index) => {
    return { operator: index === 0 ? uid : '', key: index === 0 ? keyType : '', ...row }
  })
}
