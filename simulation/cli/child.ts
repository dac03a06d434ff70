/**
 * A process that runs seeds for the simulator's command line: it is told seeds one by one, and
 * answers each with what it came to. It ends with the process that started it.
 */
import { runAndCheck } from './seed-runner.ts'

// A terminal interrupts the whole group; the parent decides what becomes of it.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit(0))

let last: Promise<unknown> = Promise.resolve()

process.on('message', (seed: unknown) => {
  last = last.then(async () => process.send?.(await runAndCheck(Number(seed))))
})
