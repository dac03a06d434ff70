import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { MillraceError } from '../../../src/errors.ts'
import { type Attempt, Retries, type Verdict } from '../../../src/storage/remote/retries.ts'
import { systemClock } from '../../../src/util/clock.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { VirtualClock, VirtualTime } from '../../../src/testing/job/virtual-time.ts'

const failed = (isPassing: boolean) => (): Verdict => {
  return { error: new MillraceError('STORAGE_FAILED', 'it failed'), isPassing }
}

let isOver = false
afterEach(() => void (isOver = true))

/** Lets time pass as soon as everybody waits for it. */
async function pass(time: VirtualTime): Promise<void> {
  for (isOver = false; !isOver;) {
    await systemClock.yield()
    await systemClock.yield()
    if (time.nextAtMs < Number.POSITIVE_INFINITY) time.nowMs = time.nextAtMs
    time.fireDue()
  }
}

function retries(timeoutMs = 1_000, retryForMs = 60_000) {
  const time = new VirtualTime(0)
  const clock = new VirtualClock(time, { isAlive: true })
  void pass(time)
  const made = new Retries({ clock, random: new SeededRandom(1), timeoutMs, retryForMs })
  /** The times of attempts, the first at 0. */
  const times: number[] = []
  const startedMs = clock.monotonic()
  const attempt = (body: (attempt: Attempt) => Promise<string>) => (each: Attempt) => {
    times.push(Math.round(clock.monotonic() - startedMs))
    return body(each)
  }
  return { clock, made, times, attempt }
}

const never = ({ signal }: Attempt): Promise<string> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))

describe('attempts', () => {
  it('end with the first that succeeds', async () => {
    const { made, times, attempt } = retries()
    const flaky = attempt(async () => {
      if (times.length < 4) throw new Error('not yet')
      return 'there'
    })
    assert.equal(await made.run('read', 0, flaky, failed(true)), 'there')
    assert.equal(times.length, 4)
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    const bounds = [100, 200, 400]
    for (const [index, pause] of pauses.entries()) {
      const bound = bounds[index] ?? 0
      assert.ok(pause >= bound / 2 - 1 && pause <= bound + 1, `pause ${pause} after ${index + 1}`)
    }
  })

  it('are not repeated when the failure lasts', async () => {
    const { made, times, attempt } = retries()
    const failing = attempt(() => Promise.reject(new Error('no')))
    await assert.rejects(made.run('read', 0, failing, failed(false)), { message: 'it failed' })
    assert.equal(times.length, 1)
  })

  it('go on as long as allowed; of a server that never answered, ten seconds', async () => {
    const { made, times, attempt } = retries(1_000, 40_000)
    const failing = attempt(() => Promise.reject(new Error('no')))
    await assert.rejects(
      made.run('read', 0, failing, failed(true)),
      /it failed \(tried \d+ times\)/,
    )
    assert.ok((times.at(-1) ?? 0) > 4_000 && (times.at(-1) ?? 0) <= 10_000, String(times))
    await made.run('read', 0, () => Promise.resolve('there'), failed(true))
    times.length = 0
    await assert.rejects(made.run('read', 0, failing, failed(true)))
    const lastMs = (times.at(-1) ?? 0) - (times[0] ?? 0)
    assert.ok(lastMs > 34_000 && lastMs <= 40_000, String(times))
  })

  it('are given up when the time for an answer is over, and made again', async () => {
    const { made, times, attempt } = retries(1_000, 5_000)
    const silent = made.run('list a', 0, attempt(never), failed(false))
    await assert.rejects(silent, /cannot list a: no answer within 1000 ms \(tried \d times\)/)
    assert.ok(times.length >= 3)
  })

  it('have more time the more there is to send, and as long as something comes', async () => {
    const { clock, made, times, attempt } = retries(1_000, 0)
    const sending = made.run('write', 1024 * 1024, attempt(never), failed(false))
    await assert.rejects(sending, /no answer within 5000 ms/)
    const dripping = attempt(async (each) => {
      for (let chunk = 0; chunk < 10; chunk++) {
        await clock.sleep(900)
        each.signal.throwIfAborted()
        each.progress()
      }
      return 'all'
    })
    assert.equal(await made.run('read', 0, dripping, failed(false)), 'all')
    assert.equal(times.length, 2)
  })

  it('end when the store is closed', async () => {
    const { clock, made, attempt } = retries(60_000)
    const waiting = made.run('read', 0, attempt(never), failed(true))
    await clock.sleep(1)
    made.close()
    await assert.rejects(waiting, /cannot read: the store was closed meanwhile/)
  })
})
