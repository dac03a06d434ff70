// Checkpoints before their commit points, as the coordinator tells of them, and what it asks for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../runtime/doubles.ts'
import { Attempt } from './attempt.ts'

test('what is under way is told with how long it has taken and what it waits for', async () => {
  const attempt = await Attempt.lead()
  const { coordinator, clock } = attempt
  attempt.acknowledges = false
  coordinator.start()
  assert.equal(coordinator.underWay.length, 0)
  const outcome = coordinator.request('manual')
  await until(() => attempt.sent.length > 0)
  clock.advance(250)
  const [slow, ...others] = coordinator.underWay
  assert.deepEqual(others, [])
  assert.deepEqual(
    [slow?.checkpointId, slow?.purpose, slow?.runningMs, slow?.acknowledged, slow?.tasks],
    [1, 'manual', 250, 0, 1],
  )
  assert.ok((slow?.reasons.length ?? 0) > 0)
  clock.advance(1000)
  await assert.rejects(outcome, { code: 'CHECKPOINT_FAILED' })
  assert.equal(coordinator.underWay.length, 0)
  await coordinator.close()
})
