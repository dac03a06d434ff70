// Ctrl-C as in the command line: the first one takes a last checkpoint and ends in order, the
// second one ends at once.
import type { JobHandle } from 'millrace'
import type { Screen } from './screen.ts'

const signals = ['SIGINT', 'SIGTERM'] as const

/** Returns a function that gives the signals back. */
export function stopOnSignal(handle: JobHandle, screen: Screen): () => void {
  let isStopping = false
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(signal === 'SIGINT' ? 130 : 143)
    isStopping = true
    screen.line(`${signal}: taking a last checkpoint; once more to end at once.`)
    // If it fails, `finished` says why.
    handle.stop().catch(() => undefined)
  }
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    for (const signal of signals) process.removeListener(signal, onSignal)
  }
}
