// The reference pages say what the program does: they are made from its tables.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { referencePages } from '../../scripts/lib/reference.ts'

const root = join(import.meta.dirname, '../..')

test('docs/reference is current; if not: node scripts/start.mjs scripts/reference.ts', async () => {
  for (const [path, text] of await referencePages()) {
    assert.equal(readFileSync(join(root, path), 'utf8'), text, path)
  }
})
