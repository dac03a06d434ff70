// A checkpoint tells when it begins and when it is complete, a savepoint where it was written.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { job, run } from 'millrace'
import { dataGenerator, sink } from 'millrace/connectors'

const directory = mkdtempSync(join(tmpdir(), 'millrace-events-'))
after(() => rmSync(directory, { recursive: true, force: true }))

interface Told {
  readonly event: string
  readonly checkpoint: number
  readonly location?: string
}

const EVENTS = [
  'millrace:checkpoint:triggered',
  'millrace:checkpoint:completed',
  'millrace:savepoint:completed',
]

test('checkpoints and savepoints are told from beginning to end', async () => {
  const told: Told[] = []
  const listeners = EVENTS.map((event) => {
    // The channel's messages have at least these fields.
    const listen = (message: unknown): void => void told.push({ ...(message as Told), event })
    subscribe(event, listen)
    return () => unsubscribe(event, listen)
  })
  const ticking = job('ticking', (env) => {
    const ticks = dataGenerator({ generate: (index) => index, ratePerSecond: 1_000 })
    env
      .fromSource('ticks', ticks)
      .sinkTo('out', sink<number>({ name: 'out', write: async () => undefined }))
  })
  const savepoint = join(directory, 'savepoint')
  await using handle = await run(ticking, { directory, checkpointing: { interval: '1 h' } })
  const first = await handle.checkpoint()
  await handle.stop({ savepoint })
  for (const stop of listeners) stop()

  const second = first.checkpointId + 1
  assert.deepEqual(
    told.map(({ event, checkpoint }) => [event, checkpoint]),
    [
      ['millrace:checkpoint:triggered', first.checkpointId],
      ['millrace:checkpoint:completed', first.checkpointId],
      ['millrace:checkpoint:triggered', second],
      ['millrace:savepoint:completed', second],
      // When its output is committed, too.
      ['millrace:checkpoint:completed', second],
    ],
  )
  assert.equal(told.at(-2)?.location, savepoint)
})
