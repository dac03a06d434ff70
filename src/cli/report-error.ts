/** How an error ends a command: text with its cure for people, an object for programs. */
import { errorToData, isMillraceError, messageOf } from '../errors.ts'
import { styled, type Terminal } from './terminal.ts'

/** Writes the error; where the stack helps to find a fault in Millrace itself, that too. */
export function reportError(error: unknown, json: boolean, terminal: Terminal): void {
  if (json) {
    const { stack: _stack, ...data } = errorToData(error)
    const code = isMillraceError(error) ? data.code : undefined
    terminal.out(`${JSON.stringify({ error: { ...data, code } })}\n`)
    return
  }
  const label = styled(terminal, 'red', 'error:')
  if (!isMillraceError(error)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    terminal.err(`${label} ${text}\n`)
    return
  }
  terminal.err(`${label} ${error.message}\n`)
  for (const cause of causesOf(error)) terminal.err(`  caused by: ${cause}\n`)
  terminal.err(`  → ${error.cure} ${styled(terminal, 'dim', `(${error.code})`)}\n`)
}

const causesMax = 5

/** Messages of the causes that say something new. */
function causesOf(error: Error): string[] {
  const messages: string[] = []
  let cause = error.cause
  while (cause !== undefined && messages.length < causesMax) {
    const [line = ''] = messageOf(cause).split('\n')
    const known = error.message.includes(line) || messages.some((each) => each.includes(line))
    if (!known) messages.push(line)
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return messages
}
