/**
 * Which work a frame of a CPU profile is part of: of which operator, by the mark above it, and of
 * what kind, by the room of the engine that its file lies in. A frame of a file that is not the
 * engine's is a user's function.
 */
import type { CpuProfileFrame } from './cpu-profile.ts'
import { type MarkKind, markOf } from './marks.ts'

/**
 * What time is spent on. `function`: the user's code · `rows`, `read`, `update`, `collections`,
 * `timers`: access to keyed state · `fire`: due timers are taken out · `exchange`: records between
 * tasks · `checkpoint`: cutting, writing and reading snapshots · `connector`: sources and sinks ·
 * `engine`: what is between these · `start`: all before the first record · `gc`: collecting garbage
 * · `native`: outside JavaScript · `idle`: waiting
 */
export const WORKS = [
  'function',
  'rows',
  'read',
  'update',
  'collections',
  'timers',
  'fire',
  'exchange',
  'checkpoint',
  'connector',
  'engine',
  'start',
  'gc',
  'native',
  'idle',
] as const

export type Work = (typeof WORKS)[number]

export interface Place {
  /** Of the operator; undefined: no mark is above. */
  readonly node: number | undefined
  readonly work: Work
}

/** What the attribution knows of the job. */
export interface ProfiledJob {
  /** Folder of the engine's files, as a URL that ends with a slash. */
  readonly engineUrl: string
  /** The one source and the one sink of the worker, if there is just one. */
  readonly source: number | undefined
  readonly sink: number | undefined
}

export const OUTSIDE: Place = { node: undefined, work: 'engine' }

const STATE_WORK: ReadonlySet<Work> = new Set([
  'rows',
  'read',
  'update',
  'collections',
  'timers',
  'fire',
])

const META: Readonly<Record<string, Work>> = {
  '(root)': 'engine',
  '(program)': 'native',
  '(idle)': 'idle',
  '(garbage collector)': 'gc',
}

/** The beginnings of paths, the longer ones first. */
const ROOMS: readonly (readonly [path: string, work: Work])[] = [
  ['runtime/exchange/', 'exchange'],
  ['runtime/task-snapshots', 'checkpoint'],
  ['runtime/task-acknowledge', 'checkpoint'],
  ['runtime/task-records', 'checkpoint'],
  ['runtime/in-flight', 'checkpoint'],
  ['runtime/', 'engine'],
  ['operators/', 'engine'],
  ['checkpoint/', 'checkpoint'],
  ['connectors/', 'connector'],
]

/** @param above the place of the frame that called it. */
export function placeOf(frame: CpuProfileFrame, above: Place, job: ProfiledJob): Place {
  const { url, functionName } = frame
  const mark = markOf(url)
  if (mark !== undefined) return { node: mark.node, work: workOf(mark.kind) }
  const meta = url === '' ? META[functionName] : undefined
  if (meta !== undefined) return { node: undefined, work: meta }
  if (url === '' || /^(node|wasm|evalmachine):?/.test(url)) return above
  if (!url.startsWith(job.engineUrl)) return { ...above, work: 'function' }
  return engineWork(url.slice(job.engineUrl.length), functionName, above, job)
}

function workOf(kind: MarkKind): Work {
  if (kind === 'record') return 'engine'
  return kind === 'prefetch' ? 'rows' : kind
}

function engineWork(path: string, name: string, above: Place, job: ProfiledJob): Place {
  const { node, work } = above
  // Types and utilities are used by everything.
  if (path.startsWith('types/') || path.startsWith('util/')) return above
  if (path.startsWith('state/') || path.startsWith('time/')) return stateWork(path, above)
  // Snapshots are what the engine itself stores; connectors have stores of their own.
  if (path.startsWith('storage/')) return work === 'engine' ? { node, work: 'checkpoint' } : above
  if (path.startsWith('runtime/task.') && name.includes('cut')) return { node, work: 'checkpoint' }
  if (node === undefined) {
    const reads = /^runtime\/(split-reader|active-splits|source-head)/.test(path)
    if (reads) return { node: job.source, work: 'connector' }
    if (path.startsWith('runtime/sink-')) return { node: job.sink, work: 'connector' }
    if (path.startsWith('connectors/')) {
      const writes = /^connectors\/(.*sink|file\/part|print|collect\.)/.test(path)
      return { node: writes ? job.sink : job.source, work: 'connector' }
    }
  }
  const room = ROOMS.find(([beginning]) => path.startsWith(beginning))
  return { node, work: room?.[1] ?? 'engine' }
}

/** What is beneath a mark of state stays what that says; an iterator is asked beside its mark. */
function stateWork(path: string, above: Place): Place {
  const { node, work } = above
  if (STATE_WORK.has(work) || work === 'checkpoint') return above
  if (path.startsWith('state/runs/')) return { node, work: 'checkpoint' }
  if (path.startsWith('time/')) return { node, work: 'timers' }
  return { node, work: work === 'function' ? 'collections' : 'rows' }
}
