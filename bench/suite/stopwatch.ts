/** Time that goes by, and time of the processor that all threads of this process take. */
export function stopwatch(): () => { ms: number; cpuMs: number } {
  const start = performance.now()
  const cpu = process.cpuUsage()
  return () => {
    const ms = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    return { ms, cpuMs: (user + system) / 1000 }
  }
}
