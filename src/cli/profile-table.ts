/** A job's profile for people: operators with their times, and what state costs them. */
import { busyMs, type OperatorProfile, stateOf } from '../runtime/profile/job-profile.ts'
import { formatCount, formatDuration } from './format.ts'
import { type Column, tableLines } from './table.ts'

const NANOSECONDS = 1e6

/** What belongs to no operator. */
const NONE = 'outside operators'

/** Lines: all operators by what their time was spent on, then those with keyed state. */
export function profileTables(operators: readonly OperatorProfile[], width: number): string[] {
  const all = operators.reduce((sum, operator) => sum + busyMs(operator), 0)
  const total = (work: 'start' | 'idle'): string =>
    formatDuration(operators.reduce((sum, { times }) => sum + times[work], 0))
  const shown = operators.filter((each) => busyMs(each) > 0 || each.counts.records > 0)
  const columns = timeColumns(all).filter(({ value }) => shown.some((row) => value(row) !== ''))
  const lines = tableLines(columns, shown, width)
  const stateful = operators.filter(({ operator }) => operator !== undefined).flatMap(stateRows)
  if (stateful.length > 0) lines.push('', ...tableLines(STATE_COLUMNS, stateful, width))
  const spent = `${formatDuration(all)} of CPU time, and ${total('start')} to start`
  lines.push('', `${spent}; ${total('idle')} idle or waiting for a processor`)
  return lines
}

/** The same as log lines: a sentence and its facts for each operator. */
export function profileRows(operators: readonly OperatorProfile[]): ({
  readonly text: string
} & OperatorProfile)[] {
  const all = operators.reduce((sum, operator) => sum + busyMs(operator), 0)
  return operators.map((operator) => {
    const { counts, times } = operator
    const part = share(busyMs(operator), all) || '0 %'
    const state = stateOf(operator)
    const parts = [`profile of ${operator.operator ?? NONE}: ${part} of the time`]
    if (counts.records > 0) {
      const each = per(busyMs(operator), counts.records) || '0'
      parts.push(`${formatCount(counts.records)} records of ${each} ns`)
    }
    if (times.function > 0) parts.push(`functions ${formatDuration(times.function)}`)
    if (state.accesses > 0) {
      const each = per(state.ms, state.accesses) || '0'
      parts.push(`${formatCount(state.accesses)} state accesses of ${each} ns`)
    }
    return { ...operator, text: parts.join(', ') }
  })
}

function timeColumns(allMs: number): readonly Column<OperatorProfile>[] {
  const right = 'right' as const
  const part = (title: string, of: (operator: OperatorProfile) => number) => {
    return {
      title,
      align: right,
      value: (operator: OperatorProfile) => share(of(operator), busyMs(operator)),
    }
  }
  return [
    { title: 'operator', value: ({ operator }) => operator ?? NONE, flexible: true },
    {
      title: 'records',
      align: right,
      value: ({ counts }) => (counts.records === 0 ? '' : formatCount(counts.records)),
    },
    { title: 'time', align: right, value: (operator) => formatDuration(busyMs(operator)) },
    { title: 'share', align: right, value: (operator) => share(busyMs(operator), allMs) },
    {
      title: 'ns/record',
      align: right,
      value: (operator) => per(busyMs(operator), operator.counts.records),
    },
    part('function', ({ times }) => times.function),
    part('state', (operator) => stateOf(operator).ms),
    part('exchange', ({ times }) => times.exchange),
    part('snapshot', ({ times }) => times.checkpoint),
    part('in/out', ({ times }) => times.connector),
    part('engine', ({ times }) => times.engine + times.native),
    part('gc', ({ times }) => times.gc),
  ]
}

interface StateRow {
  readonly operator: string
  readonly access: string
  readonly calls: number
  readonly ms: number
}

const STATE_COLUMNS: readonly Column<StateRow>[] = [
  { title: 'operator', value: ({ operator }) => operator, flexible: true },
  { title: 'state access', value: ({ access }) => access },
  { title: 'calls', align: 'right', value: ({ calls }) => (calls === 0 ? '' : formatCount(calls)) },
  { title: 'time', align: 'right', value: ({ ms }) => formatDuration(ms) },
  { title: 'ns/call', align: 'right', value: ({ ms, calls }) => per(ms, calls) },
]

function stateRows({ operator = NONE, times, counts }: OperatorProfile): readonly StateRow[] {
  const rows: readonly StateRow[] = [
    { operator, access: 'find the row', calls: counts.rows, ms: times.rows },
    { operator, access: 'read', calls: counts.reads, ms: times.read },
    { operator, access: 'update', calls: counts.updates, ms: times.update },
    { operator, access: 'collections', calls: counts.collections, ms: times.collections },
    { operator, access: 'timers', calls: counts.timers, ms: times.timers },
    // How many there are is not counted.
    { operator, access: 'due timers', calls: 0, ms: times.fire },
  ]
  return rows.filter(({ calls, ms }) => calls > 0 || ms > 0)
}

function share(part: number, of: number): string {
  if (part === 0) return ''
  const percent = (100 * part) / of
  return percent < 1 ? '<1 %' : `${Math.round(percent)} %`
}

function per(ms: number, count: number): string {
  return count === 0 || ms === 0 ? '' : formatCount((ms * NANOSECONDS) / count)
}
