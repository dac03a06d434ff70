// The lane between two tasks of one worker beside a ring: what goes in comes out in the same order,
// is cut by barriers at the same places, and waits when there is no room.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeInFlight } from '../../../src/runtime/exchange/in-flight.ts'
import { LocalChannel } from '../../../src/runtime/exchange/local-channel.ts'
import { NO_TIMESTAMP } from '../../../src/operators/operator.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { t } from '../../../src/types/t.ts'
import { newSeed, silentBell } from '../doubles.ts'
import { single } from './exchanges.ts'

const keyed = { partitioning: 'hash', key: (value: unknown) => value, takesHashes: true } as const

describe('a lane within a worker', () => {
  it('hands on the same records, hashes, times and barriers as a ring, in the same order', () => {
    const seed = newSeed()
    for (let round = 0; round < 5; round++) {
      const drive = (isLocal: boolean) => {
        const random = new SeededRandom(seed + round)
        const exchange = single({ ...keyed, isLocal, memoryBytesMax: 4096 })
        const { output, gate, records, settle } = exchange
        let sent = 0
        for (let step = 1; step < 60; step++) {
          for (let left = random.int(400); left > 0; left--) {
            output.collect(`word ${sent++}`, random.int(2) === 0 ? NO_TIMESTAMP : sent)
          }
          if (random.int(3) === 0) output.pump()
          if (random.int(3) === 0) gate.step(1 + random.int(300))
          if (random.int(8) === 0) output.watermark(sent)
          if (random.int(8) === 0) output.barrier({ checkpointId: step, stopAfter: false })
          if (random.int(8) === 0) output.idle(random.int(2) === 0)
        }
        output.endInput()
        settle()
        const { values, timestamps, events, hashes } = records
        const seen = { values, timestamps, events, hashes }
        return { ...seen, sent, recordsIn: gate.recordsIn, hasEnded: gate.hasEnded }
      }
      const [local, ring] = [drive(true), drive(false)]
      assert.deepEqual(local, ring, `seed ${seed + round}`)
      assert.equal(local.recordsIn, local.sent)
      assert.deepEqual(local.hashes, local.values.map(routeHash))
    }
  })

  it('leaves each record with receiver or sender when a barrier overtakes', async () => {
    const seed = newSeed()
    for (let round = 0; round < 15; round++) {
      const random = new SeededRandom(seed + round)
      const { output, gate, records, settle } = single({ ...keyed, isLocal: true })
      const sent: number[] = []
      const send = (): void => {
        for (let left = random.int(1_500); left > 0; left--) {
          sent.push(sent.length)
          output.collect(sent.at(-1), NO_TIMESTAMP)
        }
        output.pump()
      }
      send()
      gate.step(1 + random.int(300))
      send()
      const before = sent.length
      output.barrier({ checkpointId: 7, stopAfter: false })
      const left = output.overtake(7)
      assert.equal(gate.seesBarrier(7), true)
      const taken = records.values.length
      const cut = gate.cut({ checkpointId: 7, stopAfter: false })
      send()
      const captured = [...(cut.recording?.captured ?? []), ...left]
      const count = await countOf(captured)
      assert.equal(count, before - taken, `seed ${seed + round}`)
      settle()
      assert.deepEqual(records.values, sent, 'what was captured is read all the same')
    }
  })

  it('has what there is no room for wait as it is, until something comes behind it', () => {
    for (const behind of ['nothing', 'a watermark', 'records']) {
      const { output, records, host, settle } = single({ isLocal: true })
      host.blocked = true
      const sent: { readonly at: number }[] = []
      const send = (): void =>
        output.collect(sent[sent.push({ at: sent.length }) - 1], NO_TIMESTAMP)
      while (!output.isFull) send()
      const full = sent.length
      assert.equal(output.pump(), false, 'nothing moves without a reader')
      if (behind === 'a watermark') output.watermark(7)
      if (behind === 'records') while (sent.length < 3 * full) send()
      host.blocked = false
      settle()
      assert.equal(output.isFull, false)
      assert.deepEqual(records.values, sent, behind)
      const same = sent.filter((value, at) => records.values[at] === value).length
      assert.equal(same === full, behind === 'nothing', `${same} of ${full}, ${behind}`)
      assert.equal(records.events.at(-1) === 'watermark 7', behind === 'a watermark')
    }
  })

  it('takes few batches, tells who asks again, and holds on to no record that was read', () => {
    let refused = 0
    const doorbell = { ring: () => undefined, refused: () => void refused++ }
    const options = { type: t.string, isHashed: false, capacityBytes: 4096, doorbell }
    const channel = new LocalChannel(options)
    const offered: unknown[] = []
    for (;;) {
      const batch = channel.freshBatch()
      batch.add(`value ${offered.length}`, NO_TIMESTAMP, 0)
      if (!channel.offerBatch(batch)) break
      offered.push(batch)
    }
    assert.deepEqual([offered.length, refused], [4, 1])
    assert.equal(channel.poll(), true)
    assert.equal(channel.batch, offered[0])
    channel.release()
    assert.deepEqual(channel.batch, undefined)
    const again = channel.freshBatch()
    assert.equal(again, offered[0], 'a batch that was read is filled again')
    assert.deepEqual([again.count, again.next, again.values[0]], [0, 0, undefined])
  })

  it('bounds frames of bytes as a ring does, and copies them', () => {
    const options = { type: t.string, isHashed: false, capacityBytes: 4096, doorbell: silentBell }
    const channel = new LocalChannel(options)
    const bytes = new Uint8Array(channel.frameBytesMax).fill(1)
    let taken = 0
    while (channel.offer(1, bytes, bytes.length)) taken++
    assert.equal(taken, 4)
    bytes.fill(2)
    assert.equal(channel.poll(), true)
    assert.equal(channel.payload[0], 1)
    channel.release()
    assert.equal(channel.offer(1, bytes, bytes.length), true)
  })
})

/** Records among what was captured. */
async function countOf(captured: Parameters<typeof encodeInFlight>[0]): Promise<number> {
  let count = 0
  for (const channel of captured) {
    const counting = {
      ...channel.input,
      type: { ...channel.input.type, write: () => void count++ },
    }
    const type = { ...counting.type, read: channel.input.type.read.bind(channel.input.type) }
    await encodeInFlight([{ ...channel, input: { ...counting, type } }], async () => undefined)
  }
  return count
}
