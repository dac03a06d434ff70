// Damaged checkpoints, end to end: what is left is gone on from only if nothing is lost by it and
// no output comes twice; else the job stops and names what is lost. The rules themselves are tested
// in test/checkpoint/damage.test.ts.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { assertExact, countingJob } from './counting.ts'
import { assertFailure, logLines, project, type Project } from './project.ts'

const RECORDS = 3_000

/** Slowly at first, so that it can be stopped on the way. */
const counting = (ratePerSecond: number): string =>
  countingJob({ records: RECORDS, ratePerSecond, checkpointing: "{ interval: '50 ms' }" })

/** A job that was stopped half-way, with three checkpoints that have files of their own. */
async function stopped(test: TestContext): Promise<Project> {
  const place = project(test)
  place.write('job.ts', counting(1_000))
  const { child, ended } = place.start('run', 'job.ts')
  for (let waitedMs = 0; names(place, 'chain').length < 4; waitedMs += 20) {
    assert.ok(waitedMs < 20_000, 'checkpoints are taken')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  child.kill('SIGTERM')
  const { code, err } = await ended
  assert.equal(code, 0, err)
  place.write('job.ts', counting(4_000))
  return place
}

const checkpoints = ({ path }: Project) => join(path, '.millrace/counting/checkpoints')

function names(place: Project, folder: 'chain' | 'runs'): readonly string[] {
  try {
    return readdirSync(join(checkpoints(place), folder)).toSorted()
  } catch {
    return []
  }
}

const newestLink = (place: Project) =>
  join(checkpoints(place), 'chain', names(place, 'chain').at(-1) ?? '')

/** The run of the newest checkpoint, which no older one needs. */
function newestRun(place: Project): string {
  const idOf = (name: string) => Number(name.split('-')[1])
  const [newest = ''] = [...names(place, 'runs')].toSorted((a, b) => idOf(b) - idOf(a))
  return join(checkpoints(place), 'runs', newest)
}

function flipByte(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes[at] = (bytes[at] ?? 0) ^ 0xff
  writeFileSync(file, bytes)
}

/** Visible files of checkpoints above this one; of a stop soon after a checkpoint there is none. */
function visibleAbove(names: readonly string[], checkpoint: number): readonly string[] {
  const of = (name: string) => Number(/^part-.*-(\d{8,})-\d+-\d+\./.exec(name)?.[1])
  return names.filter((name) => of(name) > checkpoint).toSorted()
}

function withdrawn({ path }: Project): readonly string[] {
  const folder = join(path, 'out/.withdrawn')
  return existsSync(folder) ? readdirSync(folder).toSorted() : []
}

describe('a job whose newest checkpoint is damaged', { concurrency: 2 }, () => {
  const ways: Readonly<Record<string, (place: Project) => void>> = {
    'a run that is cut off': (place) => truncateSync(newestRun(place), 300),
    'a run that is gone': (place) => rmSync(newestRun(place)),
    'a run with a changed byte in a block': (place) => flipByte(newestRun(place), 20),
    'a manifest with a changed byte': (place) => flipByte(newestLink(place), 40),
    'a manifest that is cut off': (place) => truncateSync(newestLink(place), 100),
    'a manifest that is empty': (place) => truncateSync(newestLink(place), 0),
  }
  for (const [what, damage] of Object.entries(ways)) {
    it(`goes on from the one before, loudly and exactly: ${what}`, async (test) => {
      const place = await stopped(test)
      damage(place)
      const before = readdirSync(join(place.path, 'out'))
      const { code, err } = await place.millrace('run', 'job.ts')
      assert.equal(code, 0, err)
      const warnings = logLines(err).filter((line) => line['level'] === 'warn')
      assert.ok(
        warnings.some((line) => line['code'] === 'CHECKPOINT_DAMAGED'),
        err,
      )
      const resumed = /job counting resumes from checkpoint (\d+)/.exec(err)?.[1]
      assert.ok(resumed !== undefined, err)
      assertExact(place, RECORDS)
      assert.deepEqual(withdrawn(place), visibleAbove(before, Number(resumed)))
    })
  }
})

describe('a job all of whose checkpoints are damaged', { concurrency: 2 }, () => {
  it('stops, names the lost key groups, and does not start empty', async (test) => {
    const place = await stopped(test)
    for (const name of names(place, 'runs')) truncateSync(join(checkpoints(place), 'runs', name), 9)
    const before = names(place, 'chain')
    assertFailure(await place.millrace('run', 'job.ts'), {
      exit: 1,
      code: 'CHECKPOINT_DAMAGED',
      says: /lacks key groups 0-127 of .*counts.*\[0\] \(counts\): run runs\/.* is damaged/,
      cure: /--fresh/,
    })
    assert.deepEqual(names(place, 'chain'), before, 'nothing was written')
    const verified = await place.millrace('checkpoint', 'verify', 'counting')
    assert.equal(verified.code, 1)
    assert.match(verified.out, /^damaged runs\//m)
    const fresh = await place.millrace('run', 'job.ts', '--fresh')
    assert.equal(fresh.code, 0, fresh.err)
  })

  it('stops and names the manifests', async (test) => {
    const place = await stopped(test)
    for (const name of names(place, 'chain')) {
      truncateSync(join(checkpoints(place), 'chain', name), 10)
    }
    assertFailure(await place.millrace('run', 'job.ts'), {
      exit: 1,
      code: 'CHECKPOINT_DAMAGED',
      says: /chain\/\d{12}\.manifest/,
      cure: /--fresh/,
    })
  })
})
