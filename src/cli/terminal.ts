/**
 * The world of a command: where it writes, whether people watch, and where it was started. Tests
 * and commands see only this; `processTerminal` is the real one.
 */

export interface Terminal {
  /** Results, for pipes. */
  out(text: string): void
  /** Everything else: logs, progress, errors. */
  err(text: string): void
  /**
   * Calls `action` before anything is written to stdout, also by the job's own `print`, so that a
   * live line on the same terminal can make room. Returns how to end that.
   */
  beforeOut(action: () => void): () => void
  readonly outIsTty: boolean
  readonly errIsTty: boolean
  readonly columns: number
  readonly color: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
}

const columnsDefault = 80

export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process
  // `millrace list | head -1` closes the pipe early; that is no failure.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    beforeOut: (action) => interceptWrites(stdout, action),
    outIsTty: stdout.isTTY === true,
    errIsTty: stderr.isTTY === true,
    // Some terminals do not know and say 0.
    columns: stdout.columns > 0 ? stdout.columns : columnsDefault,
    color: wantsColor(env, stdout.isTTY === true && stderr.isTTY === true),
    environment: env,
    workingDirectory: process.cwd(),
  }
}

/** Workers write through this stream of the main thread, and nothing else tells of it. */
function interceptWrites(stream: NodeJS.WriteStream, action: () => void): () => void {
  const write = stream.write.bind(stream)
  const intercepted = (...args: Parameters<typeof write>): boolean => {
    action()
    return write(...args)
  }
  // `write` has overloads that a rest parameter cannot spell; the arguments are passed on as given.
  stream.write = intercepted as typeof write
  return () => {
    stream.write = write
  }
}

/** By https://no-color.org and https://force-color.org. */
export function wantsColor(
  environment: Readonly<Record<string, string | undefined>>,
  isTty: boolean,
): boolean {
  if ((environment['NO_COLOR'] ?? '') !== '') return false
  const forced = environment['FORCE_COLOR'] ?? ''
  if (forced !== '') return forced !== '0'
  return isTty && environment['TERM'] !== 'dumb'
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const
export type Style = keyof typeof STYLES

/** `text` in a style, if the terminal has colours. */
export function styled(terminal: Terminal, style: Style, text: string): string {
  return terminal.color && text !== '' ? `\u001B[${STYLES[style]}m${text}\u001B[0m` : text
}
