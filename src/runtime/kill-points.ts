/**
 * Named places at which a test can have the process killed, as `kill -9` would: the variable
 * `MILLRACE_TEST_KILL_AT=<point>#<n>` ends it when the point is reached for the nth time in a
 * thread. Without the variable, which only the chaos tests set, nothing happens.
 */

const [wantedPoint, wantedCount = '1'] = (process.env['MILLRACE_TEST_KILL_AT'] ?? '').split('#')
let left = Number(wantedCount)

/** Marks a place; never returns if it is the one to be killed at. */
export function reachKillPoint(point: string): void {
  if (point !== wantedPoint || --left > 0) return
  process.kill(process.pid, 'SIGKILL')
  // The signal is delivered at once, but not to the instruction: nothing may happen after it.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
}
