/** What do signatures cost? Checkpoints and restores with `signing.keys` (Ed25519) and without. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { benchmarkOverhead, PLAIN } from './jobs/overhead.ts'

async function optionsFor(directory: string) {
  const { privateKey } = generateKeyPairSync('ed25519')
  const keys = join(directory, 'signing.pem')
  await writeFile(keys, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  return { signing: { keys: `file:${keys}` } }
}

await benchmarkOverhead({ signed: { ...PLAIN, optionsFor } })
