// Writes the pages of docs/reference that come from tables in the sources.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { referencePages } from './lib/reference.ts'

const root = join(import.meta.dirname, '..')
for (const [path, text] of await referencePages()) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  console.log(`wrote ${path}`)
}
