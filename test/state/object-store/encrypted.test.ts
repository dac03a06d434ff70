// What keeps state plain is refused where keys are stated; what seals it by itself is not.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { WorkerSettings } from '../../../src/checkpoint/settings.ts'
import { chooseBackend } from '../../../src/runtime/choose-backend.ts'
import { cassandra } from '../../../src/state/cassandra/index.ts'
import { objectStore } from '../../../src/state/object-store/index.ts'

it('an object store goes together with keys, and tables that are plain do not', async () => {
  const backend = objectStore()
  const encryptionKeys = 'file:keys'
  // Nothing else is looked at of the settings.
  const settings = { backend: backend.name, encryptionKeys } as WorkerSettings
  assert.equal(await chooseBackend(settings, backend), backend)
  const plain = cassandra('cassandra://node/jobs')
  const refused = chooseBackend({ ...settings, backend: plain.name }, plain)
  await assert.rejects(refused, { code: 'ENCRYPTION_UNSUPPORTED' })
})
