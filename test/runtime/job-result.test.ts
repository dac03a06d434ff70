// What those who stand by are told when a run of a job ends.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger } from '../../src/metrics/log.ts'
import { embeddedHost } from '../../src/runtime/host-embedded.ts'
import { resultOf } from '../../src/runtime/job-result.ts'
import { JobProgress } from '../../src/runtime/job-status.ts'

/** How a run ended for its caller, and for those who stand by. */
async function ended(how: 'finished' | 'stopped', leaves: boolean): Promise<readonly string[]> {
  const told: string[] = []
  const end = async (as: string): Promise<void> => void told.push(as)
  const result = await resultOf(
    { how, checkpointId: 7 },
    {
      host: embeddedHost,
      progress: new JobProgress(0),
      configured: undefined,
      leadership: { end, leaderEpoch: 1, standbys: [] },
      logger: silentLogger,
      ending: undefined,
      leaves,
    },
  )
  assert.equal(result.checkpointId, 7)
  return [result.outcome, ...told]
}

describe('those who stand by', () => {
  it('end with a job that was stopped or has finished', async () => {
    assert.deepEqual(await ended('stopped', false), ['stopped', 'stopped'])
    assert.deepEqual(await ended('finished', false), ['finished', 'finished'])
  })

  it('go on with a job of which only the leading process was to end', async () => {
    assert.deepEqual(await ended('stopped', true), ['stopped', 'released'])
    assert.deepEqual(await ended('finished', true), ['finished', 'finished'])
  })
})
