/** The local disk: a file that is written, synced and read. */
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Place } from './place.ts'

export async function openFile(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-store-'))
  return {
    location: join(folder, 'checkpoints'),
    async upload(name, bytes) {
      const file = await open(join(folder, name), 'w')
      await file.writeFile(bytes)
      await file.sync()
      await file.close()
    },
    async download(name) {
      return (await readFile(join(folder, name))).length
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}
