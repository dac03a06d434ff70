// A remote store whose table lies in an object store: a folder, or the memory of its helper thread.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { ObjectTableOptions } from '../../../src/state/object-store/open-table.ts'
import { startHelper } from '../../../src/state/remote/helper-thread.ts'
import { RemoteStore } from '../../../src/state/remote/remote-store.ts'

const MODULE = new URL('../../../src/state/object-store/open-table.ts', import.meta.url).href

/** Of this process's tests. */
export const folder = mkdtempSync(join(tmpdir(), 'millrace-objects-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let scopes = 0

export function newPlace(): string {
  return join(folder, `place-${++scopes}`)
}

/** Buffer and cache are small, so that most of what is read was put and merged before. */
export async function openObjects(options: Partial<ObjectTableOptions> = {}): Promise<RemoteStore> {
  const scope = `scope-${++scopes}`
  const port = startHelper({
    module: MODULE,
    options: {
      location: newPlace(),
      leaderEpoch: 1,
      sweeps: false,
      cacheDirectory: newPlace(),
      cacheBytes: 1 << 20,
      bufferBytes: 1 << 11,
      sizes: { blockBytes: 200, segmentBytes: 1_000 },
      ...options,
    } satisfies ObjectTableOptions,
    scope,
  })
  return await RemoteStore.open(port, { silenceMsMax: 60_000 })
}
