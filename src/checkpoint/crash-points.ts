/**
 * Named moments at which a crash is most telling. The shells say when they pass one; the chaos test
 * ends the process there, the simulator drops the attempt, production does nothing.
 */
export type CrashPoint =
  | 'before-manifest'
  | 'after-manifest'
  | 'before-fence'
  | 'after-fence'
  | 'gc-begin'
  | 'gc-link-deleted'
  | 'gc-run-deleted'

/** Called at the point; whatever it throws ends the step there. */
export type Reach = (point: CrashPoint) => void | Promise<void>

export const reachNothing: Reach = () => undefined
