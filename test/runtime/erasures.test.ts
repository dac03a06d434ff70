// Erasures of a running job among themselves: who shares a restart with whom, and who is told what.
// The attempt is one that does what the test says.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RequestOutcome } from '../../src/checkpoint/protocol.ts'
import { MillraceError } from '../../src/errors.ts'
import { bytesOfSubject, Erasures } from '../../src/runtime/erasures.ts'
import type { Stoppable } from '../../src/runtime/stopping.ts'
import { Gate, turns } from './doubles.ts'

class Job {
  readonly erasures = new Erasures()
  stops = 0
  isRunning = true
  #stopped = new Gate<RequestOutcome>()

  erase(subject: string) {
    return this.erasures.erase(bytesOfSubject(subject), () => this.#attempt(), 'some vaults')
  }

  stopsWith(checkpointId: number): void {
    this.#stopped.open({ checkpointId, sequence: 1, savepoint: undefined, committed: true })
    this.isRunning = false
    assert.equal(this.erasures.follow({ how: 'stopped' }), true)
  }

  fails(): void {
    this.#stopped.fail(new MillraceError('CHECKPOINT_FAILED', 'the last checkpoint failed'))
  }

  /** What is erased by that. */
  leads(): number {
    const { wanted } = this.erasures
    this.erasures.erased(wanted)
    return wanted.length
  }

  runs(): void {
    this.#stopped = new Gate()
    this.isRunning = true
    this.erasures.running()
  }

  #attempt(): Stoppable {
    if (!this.isRunning) throw new MillraceError('JOB_NOT_RUNNING', 'it does not run')
    const request = (): Promise<RequestOutcome> => {
      this.stops++
      return this.#stopped.passed
    }
    return { hasEnded: false, request, drain: () => undefined }
  }
}

describe('erasures of a running job', () => {
  it('share a restart if they wait when the lead is taken', async () => {
    const job = new Job()
    const [first, second] = [job.erase('ann'), job.erase('bob')]
    await turns()
    job.stopsWith(4)
    const third = job.erase('cid')
    assert.equal(job.leads(), 3)
    job.runs()
    const ids = (await Promise.all([first, second, third])).map((each) => each.checkpointId)
    assert.deepEqual([ids, job.stops], [[4, 4, 4], 1])
    assert.equal(job.erasures.follow({ how: 'stopped' }), false)
  })

  it('wait for the next restart if they came later', async () => {
    const job = new Job()
    const first = job.erase('ann')
    job.stopsWith(4)
    assert.equal(job.leads(), 1)
    const late = [job.erase('bob'), job.erase('cid')]
    job.runs()
    assert.deepEqual(await first, { checkpointId: 4 })
    await turns()
    assert.equal(job.stops, 2)
    job.stopsWith(5)
    assert.equal(job.leads(), 2)
    job.runs()
    assert.deepEqual(await Promise.all(late), [{ checkpointId: 5 }, { checkpointId: 5 }])
  })

  it('are told together that the checkpoint failed, and may be asked for again', async () => {
    const job = new Job()
    const both = [job.erase('ann'), job.erase('bob')]
    const told = Promise.allSettled(both)
    job.fails()
    for (const each of await told) assert.equal(each.status, 'rejected')
    assert.equal(job.leads(), 0)
    job.runs()
    const again = job.erase('ann')
    job.stopsWith(4)
    assert.equal(job.leads(), 1)
    job.runs()
    assert.deepEqual(await again, { checkpointId: 4 })
  })

  it('are refused where no attempt runs, and told when none ever will', async () => {
    const job = new Job()
    const first = job.erase('ann')
    job.stopsWith(4)
    job.erasures.jobEnded()
    await assert.rejects(first, { code: 'JOB_NOT_RUNNING', message: /before the subject/ })
    await assert.rejects(job.erase('ann'), { code: 'JOB_NOT_RUNNING', message: 'it does not run' })
    await assert.rejects(job.erase('bob'), { code: 'JOB_NOT_RUNNING', message: 'it does not run' })
  })
})
