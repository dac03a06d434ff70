// State in tables of a real Cassandra.
import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { cassandra as backend } from '../../src/state/cassandra/index.ts'
import { startedIfRequired } from './available.ts'
import { KEYSPACE, makeKeyspace, plainClient } from './cassandra-plain.ts'
import { CREDENTIALS, startCassandra } from './cassandra-server.ts'
import { openRemoteStore, remoteBackendSuite } from './remote-state-suite.ts'

const cassandra = await startedIfRequired('Cassandra', startCassandra)
if (cassandra !== undefined) {
  Object.assign(process.env, CREDENTIALS)
  await makeKeyspace(cassandra.port)
  after(() => cassandra.close())
  const url = `cassandra://127.0.0.1:${cassandra.port}/${KEYSPACE}`
  const choose = () => backend(url)
  remoteBackendSuite({ name: 'cassandra', url, choose, environment: CREDENTIALS })

  it('leaves nothing in the tables of Cassandra at its end', async () => {
    const store = await openRemoteStore({ name: 'cassandra', url }, 'leaving')
    await store.close()
    const client = plainClient(cassandra.port)
    const { rows } = await client.execute(
      `SELECT scope FROM ${KEYSPACE}.millrace_state_scopes WHERE scope = ? ALLOW FILTERING`,
      ['/leaving'],
      { prepare: true },
    )
    await client.shutdown()
    assert.deepEqual(rows, [])
  })
}
