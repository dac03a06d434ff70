// Runs as files in memory, open for look-ups, and contexts under which little state is restored
// lazily, too.
import type { BackendContext, Entry, EntryStream } from '../../../src/state/backend.ts'
import type { KeyGroupRange } from '../../../src/state/key-groups.ts'
import { openRestore } from '../../../src/state/runs/run-lookups.ts'
import { RunWriter } from '../../../src/state/runs/run-writer.ts'
import type { RunReference } from '../../../src/state/snapshot.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { openMemoryStore } from '../../../src/testing/memory-store.ts'
import { METADATA } from '../runs/entries.ts'

/** Writes runs in small blocks, so that there are some, and opens them. */
export async function lookups(
  runs: readonly (readonly Entry[])[],
  keyGroups: KeyGroupRange,
): Promise<EntryStream> {
  const store = new MemoryBlobStore()
  const references: RunReference[] = []
  for (const [index, run] of runs.entries()) {
    references.push(await written(store, `runs/${index}.run`, run))
  }
  return openRestore(store, references, keyGroups)
}

export async function written(
  store: MemoryBlobStore,
  name: string,
  run: readonly Entry[],
  blockBytes = 200,
): Promise<RunReference> {
  const writer = await RunWriter.create(store, name, METADATA, { blockBytes })
  for (const entry of run) writer.add(entry)
  return writer.close()
}

export const LAZILY: Partial<BackendContext> = {
  lazyRestore: { minimumBytes: 0, rowsPerSlice: 3 },
}

export const LAZILY_OVER_STORE = (): Partial<BackendContext> => ({
  ...LAZILY,
  nativeStore: openMemoryStore,
  scratch: new MemoryScratch(),
})
