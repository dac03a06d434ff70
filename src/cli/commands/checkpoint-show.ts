/** `millrace checkpoint show`: everything a manifest says, without reading the state itself. */
import type { CheckpointLink, LaterPhases } from '../../checkpoint/manifest.ts'
import { runsOf } from '../../checkpoint/registry.ts'
import { laterPhasesOf, partsOf, slowestTask, totalMsOf } from '../../checkpoint/statistics.ts'
import { keysNeeded } from '../../savepoint/open-store.ts'
import type { JobStatus } from '../../runtime/job-status.ts'
import { describeSchema } from '../../types/describe.ts'
import type { CommandFunction, Invocation } from '../command.ts'
import { callJob, controlFilesIn } from '../control-client.ts'
import { exitCode } from '../exit-codes.ts'
import { formatBytes, formatCount, formatDuration, formatTime } from '../format.ts'
import { commandOptions, jobsDirectory, subjectsPlace } from '../given-options.ts'
import { chosenCheckpoint, openSnapshots } from '../snapshots.ts'
import { tableLines } from '../table.ts'
import { styled, type Terminal } from '../terminal.ts'
import { reportVault, vaultRisk, vaultText, type VaultReport } from '../vault-report.ts'

/** A job that does not answer for so long is left alone. */
const STATUS_TIMEOUT_MS = 1_000

export const checkpointShow: CommandFunction = async (invocation, terminal) => {
  const snapshots = await openSnapshots(invocation, terminal)
  const link = chosenCheckpoint(snapshots, invocation.value('checkpoint'))
  const keys = await keysNeeded(snapshots.store, link)
  await snapshots.store.close()
  const vault = await vaultOf(link, snapshots.location, invocation, terminal)
  const links = snapshots.chain.entries.map((entry) => entry.link)
  const later = laterPhasesOf(links, link) ?? (await phasesOfRunning(link, invocation, terminal))
  if (invocation.json) {
    const { location } = snapshots.store
    const { confirmMs, completeMs } = later ?? {}
    const slowest = slowestTask(link.statistics.tasks)
    const slowestOne =
      slowest === undefined
        ? {}
        : {
            slowestTask: {
              vertex: slowest.task.vertex,
              subtaskIndex: slowest.task.subtaskIndex,
              part: slowest.part,
            },
          }
    const statistics = { ...link.statistics, confirmMs, completeMs, ...slowestOne }
    const ofKeys = { ...(keys === undefined ? {} : { keys }), ...(vault && { vault }) }
    terminal.out(`${JSON.stringify({ location, ...link, statistics, ...ofKeys })}\n`)
    return exitCode('ok')
  }
  const facts = factLines(link, later, keys, vault)
  const text = [stateLines(link), taskLines(link), runLines(link)].map(([head = '', ...lines]) => {
    return [styled(terminal, 'bold', head), ...lines.map((line) => cut(line, terminal))].join('\n')
  })
  terminal.out(`${[facts.join('\n'), ...text].join('\n\n')}\n`)
  return exitCode('ok')
}

/** The vault of its sealed entries: beside it, or, of a savepoint, beside the job's checkpoints. */
async function vaultOf(
  { subjects }: CheckpointLink,
  location: string,
  invocation: Invocation,
  terminal: Terminal,
): Promise<VaultReport | undefined> {
  if (subjects === undefined) return undefined
  const { values } = await commandOptions(invocation, terminal)
  const keys = subjectsPlace(values, terminal)
  const here = await reportVault(location, keys)
  return here.numbers.length > 0 ? here : await reportVault(subjects.location, keys)
}

function vaultFacts(vault: VaultReport | undefined): (readonly [string, string])[] {
  if (vault === undefined) return []
  const { location, numbers } = vault
  if (numbers.length === 0) return [['vault', `is not in ${location}: what is sealed is lost`]]
  const risk = vaultRisk(vault)
  const text = `${vaultText(vault)}, in ${location}`
  return [['vault', risk === undefined ? text : `${text}; ${risk.detail}`]]
}

/** How the newest checkpoint of a running job ended: no manifest tells yet, but the job knows. */
async function phasesOfRunning(
  { checkpointId }: CheckpointLink,
  invocation: Invocation,
  terminal: Terminal,
): Promise<LaterPhases | undefined> {
  const directory = await jobsDirectory(invocation, terminal)
  const files = await controlFilesIn(directory)
  const file = files.find(({ job }) => job === invocation.positionals[0])
  if (file === undefined) return undefined
  const asked = callJob(file, 'status', {}, { timeoutMs: STATUS_TIMEOUT_MS })
  // The server is this package's own, and sends the status of the job.
  const status = (await asked.catch(() => undefined)) as JobStatus | undefined
  const last = status?.checkpoints.last
  if (last?.checkpointId !== checkpointId) return undefined
  const { confirmMs, completeMs } = last.statistics
  return { checkpointId, confirmMs, completeMs }
}

function factLines(
  link: CheckpointLink,
  later: LaterPhases | undefined,
  keys: Readonly<Record<string, number>> | undefined,
  vault: VaultReport | undefined,
): string[] {
  const { statistics } = link
  const { initMs, prepareMs } = statistics
  const phases = [`init ${formatDuration(initMs)}`, `prepare ${formatDuration(prepareMs)}`]
  if (later === undefined) phases.push('confirm and complete: told by the next checkpoint')
  else {
    phases.push(`confirm ${formatDuration(later.confirmMs)}`)
    phases.push(`complete ${formatDuration(later.completeMs)}`)
  }
  const params = Object.entries(link.params).map(
    ([name, value]) => `${name}=${JSON.stringify(value)}`,
  )
  const facts: readonly (readonly [string, string])[] = [
    ['job', link.jobName],
    ['checkpoint', `${link.checkpointId} (${link.purpose}${link.finished ? ', finished' : ''})`],
    ['taken', formatTime(link.writtenAt)],
    ['link', `${link.sequence} of lineage ${link.lineage}, epoch ${link.leaderEpoch}`],
    ['encrypted', encryptedText(link, keys)],
    ...vaultFacts(vault),
    ['signed', link.signature === undefined ? 'no' : `under the key "${link.signature.keyId}"`],
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

/** The key of the manifest, and how many files lie under which one. */
function encryptedText(
  { keyId }: CheckpointLink,
  keys: Readonly<Record<string, number>> | undefined,
): string {
  if (keys === undefined) return 'no'
  const files = Object.entries(keys).map(([id, count]) => {
    return `${count} file${count === 1 ? '' : 's'} under "${id}"`
  })
  return [`under the key "${keyId}"`, ...files].join(', ')
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
  const slowest = slowestTask(statistics.tasks)
  const duration = (title: string, of: (task: Task) => number) => {
    const value = (task: Task): string => formatDuration(of(task))
    return { title, value, align: 'right' } as const
  }
  const hasInFlight = statistics.tasks.some((task) => task.inFlightBytes !== undefined)
  const inFlight = (task: Task): string => formatBytes(task.inFlightBytes ?? 0)
  return tableLines<Task>(
    [
      { title: 'TASK', value: nameOf },
      { title: 'SUBTASK', value: (task) => String(task.subtaskIndex), align: 'right' },
      duration('BARRIER', (task) => partsOf(task).barrier),
      duration('ALIGN', (task) => partsOf(task).alignment),
      duration('CUT', (task) => partsOf(task).cut),
      duration('SINKS', (task) => partsOf(task).sinks),
      duration('WRITE', (task) => partsOf(task).write),
      duration('TOTAL', totalMsOf),
      { title: 'BYTES', value: (task) => formatBytes(task.bytes), align: 'right' },
      { title: 'CHANGED', value: (task) => formatCount(task.dirtyEntries), align: 'right' },
      ...(hasInFlight ? [{ title: 'IN FLIGHT', value: inFlight, align: 'right' } as const] : []),
      { title: '', value: (task) => (task === slowest?.task ? `← slowest: ${slowest.part}` : '') },
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
