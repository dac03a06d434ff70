/**
 * What a user does about damage that no file system promises to survive, as the error recommends:
 * an older checkpoint, the next older one, and at last a start afresh, which writes all output
 * anew.
 */
import { type ErrorCode, isMillraceError } from '../../src/errors.ts'
import type { RunOptions } from '../../src/runtime/run-options.ts'

export type Cure = Pick<RunOptions, 'from' | 'fresh'>

/** Errors that say that something is damaged. */
const SAY_SO: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CHECKPOINT_DAMAGED',
  // Asked for by its number, which a damaged link does not tell.
  'CHECKPOINT_NOT_FOUND',
  // It could go back by itself, but the list of newer output is damaged.
  'OUTPUT_MAY_REPEAT',
  'OUTPUT_TAKEN_BACK',
  'STORAGE_CORRUPT',
  'STORAGE_NOT_FOUND',
])

/**
 * @param ids of the checkpoints that are there, oldest first.
 * @param former what was tried before.
 * @throws the error, if it does not say that something is damaged, or nothing is left to try.
 */
export function cureOf(error: unknown, ids: readonly number[], former: Cure | undefined): Cure {
  if (!isMillraceError(error) || !SAY_SO.has(error.code) || former?.fresh === true) throw error
  const before = former?.from === undefined ? Number.POSITIVE_INFINITY : Number(former.from)
  const older = ids.slice(0, -1).findLast((id) => id < before)
  return older === undefined ? { fresh: true } : { from: String(older) }
}
