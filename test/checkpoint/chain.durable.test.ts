import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fence } from '../../src/checkpoint/chain.ts'
import { linkName } from '../../src/checkpoint/layout.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'

test('a fence is put only when what it follows is durable', async () => {
  const steps: string[] = []
  class Recording extends MemoryBlobStore {
    async settle(prefix: string): Promise<void> {
      steps.push(`settle ${prefix}`)
    }

    override putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
      steps.push(`put ${name}`)
      return super.putIfAbsent(name, bytes)
    }
  }
  const store = new Recording()
  await fence(store, { jobName: 'test', writtenAt: 0 }, () => ({ restores: 0, lineage: 'a' }))
  assert.deepEqual(steps, ['settle chain/', `put ${linkName(1)}`])
})
