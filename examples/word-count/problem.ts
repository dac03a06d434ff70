// How `npm start` tells what went wrong: what happened, why, and what to do.
import { type ErrorCode, isMillraceError } from 'millrace'
import { UsageError } from './arguments.ts'

const again = 'npm start -- --fresh'

/** What to do here, where the general cure of a code can be said more exactly. */
const cures: Partial<Record<ErrorCode, string>> = {
  BACKEND_UNAVAILABLE: 'Use the other one: npm start -- --backend hashmap',
  CHECKPOINT_DAMAGED: `To begin again: ${again}`,
  CHECKPOINT_INCOMPATIBLE: `Undo the change, or begin again without the state: ${again}`,
  CONNECTOR_INPUT_CHANGED: `To begin again: ${again}`,
  CONNECTOR_INPUT_MISSING: `To begin again: ${again}`,
}

/** The lines to print; whatever is no expected problem comes with its stack. */
export function problem(error: unknown): readonly string[] {
  if (error instanceof UsageError) return [`error: ${error.message}`, 'see: npm start -- --help']
  if (!isMillraceError(error)) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  }
  const { code, message, cure, cause } = error
  const lines = [`error ${code}: ${message}`]
  if (cause instanceof Error) lines.push(`  because: ${cause.message}`)
  return [...lines, `  ${cures[code] ?? cure}`]
}
