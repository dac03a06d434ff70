/**
 * What does encryption cost? Checkpoints and restores with `encryption.keys` and without; and with
 * `shredBy` besides, where 10,000 owners have a hundred accounts each.
 */
import { randomBytes } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { benchmarkOverhead, PLAIN } from './jobs/overhead.ts'

async function keysIn(directory: string, name: string): Promise<string> {
  const keys = join(directory, name)
  await writeFile(keys, randomBytes(32).toString('base64'))
  await chmod(keys, 0o600)
  return `file:${keys}`
}

await benchmarkOverhead({
  encrypted: {
    ...PLAIN,
    optionsFor: async (directory) => ({ encryption: { keys: await keysIn(directory, 'keys') } }),
  },
  shredded: {
    job: './shredded.ts',
    async optionsFor(directory) {
      const [keys, subjects] = [
        await keysIn(directory, 'keys'),
        await keysIn(directory, 'subject-keys'),
      ]
      return { encryption: { keys, subjects } }
    },
  },
})
