// A claim on a job's folder that goes to another process although its owner is still there.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { ClaimRequest, ControlHandler, JobClaim } from '../../src/runtime/host.ts'
import { claimJobFolder } from '../../src/runtime/job-claim.ts'
import { isProcessAlive, processStartOf } from '../../src/runtime/process-identity.ts'

let directory = ''
const claims: JobClaim[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mr-'))
})
afterEach(async () => {
  for (const claim of claims.splice(0)) await claim.release()
  rmSync(directory, { recursive: true })
})

async function claimed(id: string, changes: Partial<ClaimRequest> = {}): Promise<JobClaim> {
  const claim = await claimJobFolder({ directory, jobName: 'words', id, ...changes })
  claims.push(claim)
  return claim
}

const refuse = () => Promise.reject(new Error('not asked'))
const handler: ControlHandler = {
  status: () => 'the successor',
  checkpoints: () => Promise.reject(new Error('no')),
  checkpoint: refuse,
  savepoint: refuse,
  release: refuse,
  erase: () => Promise.reject(new Error('not asked')),
  stop: refuse,
  cancel: refuse,
  handOver: refuse,
}

test('an owner whose lease ended is succeeded though it lives, and disturbs nobody', async () => {
  const stalled = await claimed('first')
  const state = join(directory, 'words', 'state')
  mkdirSync(join(state, 'first'), { recursive: true })
  const successor = await claimed('second', { lapsed: ['another', 'first'] })
  successor.serve(handler)
  await stalled.release()
  const text = readFileSync(join(directory, 'words', 'control.json'), 'utf8')
  const { claim, socket: path } = JSON.parse(text) as { claim: string; socket: string }
  assert.equal(claim, 'second')
  const socket = connect(path)
  socket.setEncoding('utf8').write('{"id":1,"method":"status"}\n')
  for await (const answer of socket) {
    assert.match(String(answer), /the successor/)
    break
  }
  assert.deepEqual(readdirSync(state), [])
})

test('only the owner that was named is succeeded', async () => {
  await claimed('first')
  await assert.rejects(claimed('second', { lapsed: ['another'] }), { code: 'JOB_OWNED' })
})

test('a process is alive only with the start time it had', () => {
  const start = processStartOf(process.pid)
  if (process.platform === 'win32') return
  assert.ok(isProcessAlive(process.pid, start))
  assert.ok(!isProcessAlive(process.pid, 'another'))
  assert.ok(!isProcessAlive(process.pid, undefined))
  assert.equal(processStartOf(2 ** 22 + 1), undefined)
})
