/** The profiler of an embedded worker: the engine's own, of the thread that the worker runs in. */
import { Session } from 'node:inspector'
import { systemClock } from '../util/clock.ts'
import { required } from '../util/assert.ts'
import type { CpuProfile } from './profile/cpu-profile.ts'
import { Marks } from './profile/marks.ts'
import type { Profiler } from './profile/worker-profile.ts'

/** Watches this thread from now on; every `intervalUs` microseconds. */
export function startProfiler(intervalUs: number): Profiler {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.setSamplingInterval', { interval: intervalUs })
  session.post('Profiler.start')
  const startMs = systemClock.monotonic()
  const cpu = process.threadCpuUsage()
  let beginMs = Number.POSITIVE_INFINITY
  return {
    marks: new Marks(),
    engineUrl: new URL('../', import.meta.url).href,
    begin() {
      beginMs = Math.min(beginMs, systemClock.monotonic() - startMs)
    },
    stop() {
      const { user, system } = process.threadCpuUsage(cpu)
      const wallMs = systemClock.monotonic() - startMs
      let profile: CpuProfile | undefined
      // In a session of its own thread the answer comes before the call returns.
      session.post('Profiler.stop', (_error, answer) => (profile = answer.profile))
      session.disconnect()
      return {
        profile: required(profile, 'the profiler gave nothing'),
        beginMs,
        wallMs,
        cpuMs: (user + system) / 1000,
      }
    },
  }
}
