/** What figures were measured on. */
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly node: string
  readonly commit: string
  /** Of the last minute: how many processes wanted to run. */
  readonly load: number
}

export function machine(): Machine {
  const [cpu] = cpus()
  let commit = 'unknown'
  try {
    commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    // not a clone
  }
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    node: process.version,
    commit,
    load: loadavg()[0] ?? 0,
  }
}

export const machineLine = ({ cpu, cores, memoryGb, node, commit }: Machine): string =>
  `${cpu}, ${cores} cores, ${memoryGb} GB, Node ${node}, commit ${commit}`
