// What tests of the file sink share: one checkpoint of it, and what a user sees of its folder.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FilePart } from '../../../src/connectors/file/part.ts'
import type { Sink, WriterContext } from '../../../src/operators/sink.ts'
import { writerContext } from '../helpers.ts'

export async function visibleNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !name.startsWith('.')).toSorted()
}

export async function visibleLines(folder: string): Promise<string[]> {
  const lines: string[] = []
  for (const name of await visibleNames(folder)) {
    lines.push(...(await readFile(join(folder, name), 'utf8')).split('\n').slice(0, -1))
  }
  return lines
}

export const pendingNames = async (folder: string) =>
  (await readdir(folder)).filter((name) => /^\.(pending|clear)-/.test(name))

/** The sink as it is in a job that is encrypted. */
export function encrypted<T>(sink: Sink<T, FilePart>): Sink<T, FilePart> {
  const createWriter = (context: WriterContext) =>
    sink.createWriter({ ...context, isEncrypted: true })
  return { ...sink, createWriter }
}

export const times = (count: number) => new Float64Array(count)

/** One checkpoint of one subtask. */
export async function prepare<T>(
  sink: Sink<T, FilePart>,
  values: readonly T[],
  checkpointId = 1,
): Promise<readonly FilePart[]> {
  const context = writerContext({ checkpointId: checkpointId - 1 })
  await using writer = await sink.createWriter(context)
  await writer.write(values, times(values.length))
  return await writer.prepareCommit({ ...context.scope, checkpointId })
}

export async function commit(
  sink: Sink<never, FilePart>,
  parts: readonly FilePart[],
): Promise<void> {
  await using committer = await sink.createCommitter?.(writerContext())
  const { scope } = writerContext()
  for (const committable of parts) await committer?.commit({ committable, scope, attempt: 1 })
}
