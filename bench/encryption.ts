/** What does encryption cost? Checkpoints and restores with `encryption.keys` and without. */
import { randomBytes } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { benchmarkOverhead } from './jobs/overhead.ts'

await benchmarkOverhead('encrypted', async (directory) => {
  const keys = join(directory, 'keys')
  await writeFile(keys, randomBytes(32).toString('base64'))
  await chmod(keys, 0o600)
  return { encryption: { keys: `file:${keys}` } }
})
