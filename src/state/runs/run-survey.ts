/**
 * All that is wrong with a run, instead of the first thing: which blocks, and which entries cannot
 * be known because of them. For people who ask what is lost; whoever restores stops at once.
 */
import { isMillraceError, messageOf } from '../../errors.ts'
import type { KeyGroupRange } from '../key-groups.ts'
import type { RunReader } from './run-reader.ts'

/** Entries that a damaged block may have held: anything from its first key to the next block's. */
export interface LostEntries {
  readonly keyGroups: KeyGroupRange
  /** Ids of operators; undefined: any of the run. */
  readonly operators: readonly number[] | undefined
}

export interface RunSurvey {
  /** One sentence for each damaged block, or one for the run. */
  readonly problems: readonly string[]
  /** Absent if it is not known that anything is sound. */
  readonly lost?: readonly LostEntries[]
}

const PROBLEMS_MAX = 1_000

/** Reads the whole run. Empty problems: it is sound. Throws what is no damage. */
export async function surveyRun(reader: RunReader): Promise<RunSurvey> {
  try {
    await reader.verify()
    return { problems: [] }
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'STORAGE_CORRUPT') throw error
    if (error.details['block'] === undefined) return { problems: [messageOf(error)] }
    return await surveyBlocks(reader)
  }
}

async function surveyBlocks(reader: RunReader): Promise<RunSurvey> {
  const problems: string[] = []
  const lost: LostEntries[] = []
  for (let from: Uint8Array | undefined; ;) {
    const problem = await firstDamage(reader, from)
    if (problem === undefined) break
    problems.push(problem.text)
    lost.push(extentOf(reader, problem.block))
    from = reader.firstKeyOf(problem.block + 1)
    if (from === undefined || problems.length === PROBLEMS_MAX) break
  }
  return { problems, lost }
}

async function firstDamage(
  reader: RunReader,
  from: Uint8Array | undefined,
): Promise<{ readonly block: number; readonly text: string } | undefined> {
  try {
    for await (const _ of reader.scan(undefined, from).batches()) continue
    return undefined
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'STORAGE_CORRUPT') throw error
    const { block } = error.details
    if (typeof block !== 'number') throw error
    return { block, text: messageOf(error) }
  }
}

function extentOf(reader: RunReader, block: number): LostEntries {
  const first = reader.firstKeyOf(block)
  const next = reader.firstKeyOf(block + 1) ?? reader.bounds?.last
  if (first === undefined || next === undefined) {
    return { keyGroups: { start: 0, end: 0xffff }, operators: undefined }
  }
  const keyGroups = { start: u16(first, 0), end: u16(next, 0) }
  const [from, to] = [u16(first, 2), u16(next, 2)]
  const isOne = keyGroups.start === keyGroups.end
  const ids = Array.from({ length: Math.max(0, to - from) + 1 }, (_, index) => from + index)
  return { keyGroups, operators: isOne ? ids : undefined }
}

/** Keys begin with the key group and the operator's id (`entry-key.ts`). */
function u16(key: Uint8Array, at: number): number {
  return ((key[at] ?? 0) << 8) | (key[at + 1] ?? 0)
}
