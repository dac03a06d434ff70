// What tests of connectors share: a context of the real world, reading to the end, folders that go.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { mkdir } from 'node:fs/promises'
import type { CommitScope, WriterContext } from '../../src/operators/sink.ts'
import type { MalformedRecord, Source, SourceContext, Split } from '../../src/operators/source.ts'
import { systemClock } from '../../src/util/clock.ts'
import { SeededRandom } from '../../src/util/random.ts'

export function sourceContext(signal = new AbortController().signal): SourceContext {
  return { signal, clock: systemClock, random: new SeededRandom(1), subtaskIndex: 0 }
}

export function writerContext(change: Partial<CommitScope> & { uid?: string } = {}): WriterContext {
  const { uid = 'out', ...scope } = change
  return {
    scope: { jobName: 'job', lineage: 'line', leaderEpoch: 1, checkpointId: 0, ...scope },
    uid,
    subtaskIndex: 0,
    clock: systemClock,
    signal: new AbortController().signal,
  }
}

export interface ReadResult<T, P> {
  readonly values: T[]
  readonly malformed: MalformedRecord[]
  /** The position after each batch, with the number of values before it. */
  readonly positions: { readonly split: Split; readonly position: P; readonly values: number }[]
}

/** Reads all splits, one after the other. */
export async function readAll<T, P>(source: Source<T, P>): Promise<ReadResult<T, P>> {
  const context = sourceContext()
  const result: ReadResult<T, P> = { values: [], malformed: [], positions: [] }
  for (const split of await source.discover(context)) {
    for await (const batch of source.read(split, undefined, context)) {
      result.values.push(...batch.values)
      result.malformed.push(...(batch.malformed ?? []))
      const { position } = batch
      result.positions.push({ split, position, values: result.values.length })
    }
  }
  return result
}

export async function readFrom<T, P>(
  source: Source<T, P>,
  split: Split,
  from: P | undefined,
): Promise<T[]> {
  const values: T[] = []
  for await (const batch of source.read(split, from, sourceContext())) values.push(...batch.values)
  return values
}

/** A folder that is deleted when the test ends. */
export async function temporaryFolder(test: {
  after(action: () => Promise<void>): void
}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-connectors-'))
  test.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Writes files of a folder, and returns the path of the first. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return join(folder, Object.keys(files)[0] ?? '')
}
