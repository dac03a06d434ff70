import assert from 'node:assert/strict'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobStatus } from 'millrace'
import { startService } from '../../examples/embed/service.ts'
import { recordsOf, temporaryFolder } from './helpers.ts'

const paths = ['/', '/about', '/news']
const waitMs = 120_000

async function writeLog(folder: string, name: string, lines: number): Promise<void> {
  const text = Array.from({ length: lines }, (_, at) => `GET ${paths[at % paths.length]} 200\n`)
  await writeFile(join(folder, `.${name}`), text.join(''))
  await rename(join(folder, `.${name}`), join(folder, name))
}

async function statusOf(url: string): Promise<JobStatus> {
  const response = await fetch(`${url}/status`)
  assert.equal(response.status, 200)
  return (await response.json()) as JobStatus // what the service makes of handle.status
}

async function untilRead(url: string, records: number): Promise<void> {
  const deadline = performance.now() + waitMs
  for (;;) {
    const { recordsIn } = await statusOf(url)
    if (recordsIn >= records) return
    assert.ok(performance.now() < deadline, `read ${recordsIn} of ${records} in ${waitMs} ms`)
    await sleep(50)
  }
}

describe('a service with a job inside', () => {
  it('answers while the job runs, ends in order and goes on where it was', async () => {
    const folder = await temporaryFolder()
    const logs = join(folder, 'logs')
    const output = join(folder, 'output')
    await mkdir(logs)
    const options = { logs, output, directory: join(folder, 'millrace') }

    await writeLog(logs, 'a.txt', 30_000)
    await using first = await startService(options)
    await untilRead(first.url, 30_000)
    assert.equal((await fetch(`${first.url}/health`)).status, 200)
    assert.equal((await fetch(`${first.url}/nothing`)).status, 404)
    const taken = await fetch(`${first.url}/checkpoint`, { method: 'POST' })
    assert.equal(taken.status, 200)
    const visible = await recordsOf(output)
    assert.equal(visible.length, 30_000, 'a checkpoint makes output visible')
    await writeLog(logs, 'b.txt', 3_000)
    await untilRead(first.url, 33_000)
    await first.close()
    await first.close()
    assert.equal(first.job.status.state, 'stopped')
    await assert.rejects(fetch(`${first.url}/status`))

    await writeLog(logs, 'c.txt', 300)
    await using second = await startService(options)
    await untilRead(second.url, 300)
    assert.notEqual(second.job.status.restoredFrom, undefined)
    await second.close()
    assert.equal(second.job.status.recordsIn, 300, 'what was read before is not read again')

    const updates = await recordsOf<{ key: string; value: number }>(output)
    for (const path of paths) {
      const values = updates.filter(({ key }) => key === path).map(({ value }) => value)
      const expected = Array.from({ length: 11_100 }, (_, at) => at + 1)
      assert.deepEqual(values, expected, `${path}: each request once, in order`)
    }
  })
})
