// A remote store whose table lies in the memory of its helper thread.
import { startHelper } from '../../../src/state/remote/helper-thread.ts'
import { RemoteStore, type RemoteStoreOptions } from '../../../src/state/remote/remote-store.ts'
import type { TableInMemoryOptions } from './table-in-memory.ts'

export const MODULE = new URL('./table-in-memory.ts', import.meta.url).href

export async function openRemote(
  options: TableInMemoryOptions,
  waits: Partial<RemoteStoreOptions> = {},
): Promise<RemoteStore> {
  const port = startHelper({ module: MODULE, options, scope: 'test' })
  return await RemoteStore.open(port, { silenceMsMax: 10_000, ...waits })
}
