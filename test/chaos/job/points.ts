/** Named places of the job's own, at which a process is killed as at those of the engine. */
import { reachKillPoint } from '../../../src/runtime/kill-points.ts'

/** A place of the file sink. */
export function reach(point: string): void {
  reachKillPoint(`sink-${point}`)
}
