// What was written as a savepoint, read back; and all of a stream.
import { Snapshot, type SavepointSpec, writeSavepoint } from 'millrace/savepoint'
import { MemoryBlobStore } from '../../src/storage/memory.ts'

export async function written(spec: SavepointSpec): Promise<Snapshot> {
  const store = new MemoryBlobStore()
  await writeSavepoint(store, spec)
  return await Snapshot.open(store)
}

export async function gathered<T>(stream: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const each of stream) all.push(each)
  return all
}
