/**
 * Signals of the CLI: the first one asks for an orderly end, the second one ends the process at
 * once, whatever it is doing.
 */
import { exitCode } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

const handled: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

export interface Signals {
  /** Resolves with the first signal. */
  readonly first: Promise<NodeJS.Signals>
  /** Gives the signals back to Node's own handling. */
  release(): void
}

export function untilSignal(terminal: Terminal): Signals {
  let count = 0
  let resolveFirst: (signal: NodeJS.Signals) => void = () => undefined
  const first = new Promise<NodeJS.Signals>((resolve) => (resolveFirst = resolve))
  const onSignal = (signal: NodeJS.Signals): void => {
    count++
    if (count === 1) return resolveFirst(signal)
    terminal.err(`\nended at once by ${signal}\n`)
    process.exit(exitCode(signal === 'SIGINT' ? 'interrupted' : 'terminated'))
  }
  for (const signal of handled) process.on(signal, onSignal)
  return {
    first,
    release() {
      for (const signal of handled) process.removeListener(signal, onSignal)
    },
  }
}
