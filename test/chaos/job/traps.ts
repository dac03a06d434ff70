/**
 * Ways for a worker thread to die, or never to answer again. The harness lays a trap as a file; the
 * first thread that finds it removes it and does what it says. Looked for a few times a second, for
 * that costs a call of the file system.
 */
import { readFileSync, renameSync } from 'node:fs'
import { threadId } from 'node:worker_threads'

const RECORDS_BETWEEN = 16

export const TRAPS = [
  'exit',
  'throw',
  'throw-nothing',
  'reject',
  'later',
  'memory',
  'hang',
] as const
export type Trap = (typeof TRAPS)[number]

let records = 0

/** Always true; gives a trap that is laid its chance. */
export function spring(path: string): boolean {
  if (records++ % RECORDS_BETWEEN === 0) fallInto(path)
  return true
}

function fallInto(path: string): void {
  const mine = `${path}-${process.pid}-${threadId}`
  try {
    renameSync(path, mine)
  } catch {
    return
  }
  switch (
    readFileSync(mine, 'utf8') as Trap // written by the harness
  ) {
    case 'exit':
      process.exit(7)
      break
    case 'throw':
      throwValue('thrown by a trap')
      break
    case 'throw-nothing':
      throwValue(undefined)
      break
    case 'reject':
      void Promise.reject(new Error('rejected by a trap'))
      break
    case 'later':
      setImmediate(() => {
        throw new Error('thrown later by a trap')
      })
      break
    case 'memory':
      exhaustMemory()
      break
    case 'hang':
      for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
  }
}

function exhaustMemory(): never {
  const kept: unknown[] = []
  for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => ({ index })))
}

/** What user code may throw is not always an error. */
function throwValue(value: unknown): never {
  throw value
}
