// What a signature of a link must cover before the link is believed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requireSignature } from '../../src/checkpoint/link-signature.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { checkpoint, run } from './links.ts'

/** Keys by which every signature is right: what is asked of a link besides is what is tested. */
class Trusting extends MemoryBlobStore {
  readonly signatures: NonNullable<BlobStore['signatures']> = {
    sign: async () => ({ keyId: 'a', value: '' }),
    verify: async () => undefined,
  }
}

const tasksWith = (changes: object) => [
  {
    vertex: 0,
    subtaskIndex: 0,
    runs: [{ ...run('runs/1-1-v0-s0.run'), ...changes }],
    keyGroups: { start: 0, end: 127 },
  },
]

test('a right signature says nothing of a run that it binds by no hash', async () => {
  const signature = { keyId: 'a', value: '' }
  const bare = checkpoint(1, { tasks: tasksWith({}), signature })
  await assert.rejects(requireSignature(new Trusting(), bare), {
    code: 'SIGNATURE_MISSING',
    details: { name: 'runs/1-1-v0-s0.run' },
  })
  const bound = checkpoint(1, { tasks: tasksWith({ footerHash: 'f'.repeat(64) }), signature })
  await requireSignature(new Trusting(), bound)
})
