/**
 * Whether a process that once wrote down its pid still lives. A pid alone is reused; together with
 * the time its process started it is not. Where the start time cannot be had, nobody is said to
 * live, and the control socket alone decides.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const psTimeoutMs = 5_000

/** Identifies the start of process `pid` on this machine; undefined if it is gone or unknown. */
export function processStartOf(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxStart(pid)
  if (process.platform === 'darwin') return psStart(pid)
  return undefined
}

/** True if the process of that pid is the one that started then, and it has not ended. */
export function isProcessAlive(pid: number, processStart: string | undefined): boolean {
  return processStart !== undefined && processStartOf(pid) === processStart
}

/** Boot id and ticks from boot to start; a killed process that nobody reaped counts as gone. */
function linuxStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the program's name in parentheses, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state] = fields
    const startTicks = fields[19]
    if (state === 'Z' || state === 'X' || startTicks === undefined) return undefined
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${boot}/${startTicks}`
  } catch {
    return undefined
  }
}

function psStart(pid: number): string | undefined {
  try {
    const [state, ...start] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'latin1',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: psTimeoutMs,
    })
      .trim()
      .split(/\s+/)
    return state === undefined || state === '' || state.startsWith('Z')
      ? undefined
      : start.join(' ')
  } catch {
    return undefined
  }
}
