/** `millrace checkpoint show`: everything a manifest says, without reading the state itself. */
import type { CheckpointLink } from '../../checkpoint/manifest.ts'
import { runsOf } from '../../checkpoint/registry.ts'
import { describeSchema } from '../../types/describe.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { formatBytes, formatCount, formatDuration, formatTime } from '../format.ts'
import { chosenCheckpoint, openSnapshots } from '../snapshots.ts'
import { tableLines } from '../table.ts'
import { styled, type Terminal } from '../terminal.ts'

export const checkpointShow: CommandFunction = async (invocation, terminal) => {
  const snapshots = await openSnapshots(invocation, terminal)
  await snapshots.store.close()
  const link = chosenCheckpoint(snapshots, invocation.value('checkpoint'))
  if (invocation.json) {
    terminal.out(`${JSON.stringify({ location: snapshots.store.location, ...link })}\n`)
    return exitCode('ok')
  }
  const sections = [factLines(link), stateLines(link), taskLines(link), runLines(link)]
  const [facts = [], ...tables] = sections
  const text = tables.map(([head = '', ...lines]) => {
    return [styled(terminal, 'bold', head), ...lines.map((line) => cut(line, terminal))].join('\n')
  })
  terminal.out(`${[facts.join('\n'), ...text].join('\n\n')}\n`)
  return exitCode('ok')
}

function factLines(link: CheckpointLink): string[] {
  const { statistics } = link
  const phases = (['init', 'prepare', 'confirm', 'complete'] as const).map((phase) => {
    return `${phase} ${formatDuration(statistics[`${phase}Ms`])}`
  })
  const params = Object.entries(link.params).map(
    ([name, value]) => `${name}=${JSON.stringify(value)}`,
  )
  const facts: readonly (readonly [string, string])[] = [
    ['job', link.jobName],
    ['checkpoint', `${link.checkpointId} (${link.purpose}${link.finished ? ', finished' : ''})`],
    ['taken', formatTime(link.writtenAt)],
    ['link', `${link.sequence} of lineage ${link.lineage}, epoch ${link.leaderEpoch}`],
    ['workers', `${link.parallelism}, ${link.maxParallelism} key groups`],
    ['parameters', params.length === 0 ? 'none' : params.join(' ')],
    [
      'written',
      `${formatBytes(statistics.bytes)}, ${formatCount(statistics.dirtyEntries)} changed entries`,
    ],
    ['phases', phases.join(', ')],
    ...link.sources.map(({ uid, pending, finished }) => {
      return [
        `source ${uid}`,
        `${pending.length} splits waiting, ${finished.length} finished`,
      ] as const
    }),
  ]
  const room = Math.max(...facts.map(([name]) => name.length))
  return facts.map(([name, value]) => `${name.padEnd(room)}  ${value}`)
}

function stateLines(link: CheckpointLink): string[] {
  const rows = link.operators.flatMap((record) => {
    const { uid, keyType, states, dropped } = record
    const highestStateId = Math.max(record.highestStateId ?? 0, ...states.map(({ id }) => id))
    const key = keyType === undefined ? '' : describeSchema(keyType)
    if (dropped === true) return [{ uid, key, state: '(dropped)', type: '' }]
    const gone = highestStateId - states.length
    const more = gone > 0 ? [{ uid, key, state: `(${gone} dropped)`, type: '' }] : []
    if (states.length + more.length === 0) return [{ uid, key, state: '', type: '' }]
    const shown = states.map((state) => {
      const map = state.keyType === undefined ? '' : `${describeSchema(state.keyType)} → `
      const type = map + describeSchema(state.type)
      return { uid, key, state: `${state.name}: ${state.kind}`, type }
    })
    return [...shown, ...more]
  })
  const columns = [
    { title: 'OPERATOR', value: (row: (typeof rows)[number]) => row.uid },
    { title: 'KEY', value: (row: (typeof rows)[number]) => row.key },
    { title: 'STATE', value: (row: (typeof rows)[number]) => row.state },
    { title: 'TYPE', value: (row: (typeof rows)[number]) => row.type },
  ]
  return tableLines(columns, rows, undefined)
}

function taskLines({ plan, statistics }: CheckpointLink): string[] {
  type Task = (typeof statistics.tasks)[number]
  const nameOf = (task: Task): string => {
    return plan.vertices.find((vertex) => vertex.id === task.vertex)?.name ?? String(task.vertex)
  }
  return tableLines<Task>(
    [
      { title: 'TASK', value: nameOf },
      { title: 'SUBTASK', value: (task) => String(task.subtaskIndex), align: 'right' },
      { title: 'ALIGN', value: (task) => formatDuration(task.alignmentMs), align: 'right' },
      { title: 'CUT', value: (task) => formatDuration(task.syncMs), align: 'right' },
      { title: 'WRITE', value: (task) => formatDuration(task.asyncMs), align: 'right' },
      { title: 'BYTES', value: (task) => formatBytes(task.bytes), align: 'right' },
      { title: 'CHANGED', value: (task) => formatCount(task.dirtyEntries), align: 'right' },
    ],
    statistics.tasks,
    undefined,
  )
}

function runLines(link: CheckpointLink): string[] {
  type Run = ReturnType<typeof runsOf>[number]
  return tableLines<Run>(
    [
      { title: 'FILE', value: (run) => run.name },
      { title: 'BYTES', value: (run) => formatBytes(run.lengthBytes), align: 'right' },
      { title: 'ENTRIES', value: (run) => formatCount(run.entries), align: 'right' },
      { title: 'KEY GROUPS', value: ({ keyGroups }) => `${keyGroups.start}–${keyGroups.end}` },
    ],
    runsOf(link),
    undefined,
  )
}

function cut(line: string, terminal: Terminal): string {
  const { columns, outIsTty } = terminal
  return outIsTty && line.length > columns ? `${line.slice(0, columns - 1)}…` : line
}
