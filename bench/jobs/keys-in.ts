/** A file with a key of its own, and where it is, as options name it. */
import { randomBytes } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export async function keysIn(directory: string, name: string): Promise<string> {
  const keys = join(directory, name)
  await writeFile(keys, randomBytes(32).toString('base64'))
  await chmod(keys, 0o600)
  return `file:${keys}`
}
