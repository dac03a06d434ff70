// A disk of its own, of half a megabyte, really full and really read-only, where the machine lets
// this user mount one: nothing is corrupted, and what is said helps.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { assertExact, countingJob } from './counting.ts'
import { assertFailure, logLines, project, type Project } from './project.ts'

const RECORDS = 4_000

const counting = countingJob({
  records: RECORDS,
  ratePerSecond: 2_000,
  checkpointing: "{ interval: '30 ms', tolerableFailures: 1000 }",
})

interface Disk extends Disposable {
  readonly directory: string
  fill(): void
  makeRoom(): void
  remount(how: 'ro' | 'rw'): void
}

/** A disk of 512 KiB in a folder of the project; undefined where this user may not mount one. */
function smallDisk({ path }: Project): Disk | undefined {
  const directory = join(path, 'disk')
  mkdirSync(directory)
  const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'ignore' })
  try {
    mount('-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', directory)
  } catch {
    return undefined
  }
  const filler = join(directory, 'filler')
  return {
    directory,
    fill() {
      for (const size of [65_536, 4_096, 1]) {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' })
        } catch {
          continue
        }
      }
    },
    makeRoom: () => rmSync(filler, { force: true }),
    remount: (how) => void mount('-o', `remount,${how}`, directory),
    [Symbol.dispose]: () => void execFileSync('umount', ['-l', directory], { stdio: 'ignore' }),
  }
}

function links(directory: string): number {
  try {
    const names = readdirSync(join(directory, 'counting/checkpoints/chain'))
    return Math.max(0, ...names.map((name) => Number.parseInt(name, 10) || 0))
  } catch {
    return 0
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 10) {
    assert.ok(waitedMs < 30_000, what)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('a job whose checkpoints lie on a disk', { timeout: 240_000 }, () => {
  it('that is full goes on, and loses nothing when it is killed there', async (test) => {
    const place = project(test)
    using disk = smallDisk(place)
    if (disk === undefined) return test.skip('mounting a disk is not allowed here')
    place.write('job.ts', counting)
    const args = ['run', 'job.ts', '--directory', disk.directory]
    const first = place.start(...args)
    await until(() => links(disk.directory) > 3, 'checkpoints are taken')
    disk.fill()
    const full = links(disk.directory)
    await new Promise((resolve) => setTimeout(resolve, 300))
    disk.makeRoom()
    await until(() => links(disk.directory) > full + 3, 'checkpoints are taken again')
    disk.fill()
    await new Promise((resolve) => setTimeout(resolve, 100))
    first.child.kill('SIGKILL')
    const { err } = await first.ended
    // What the killed process had not made durable may be gone, and leave some room.
    disk.fill()
    const failed = logLines(err).filter((line) => /ENOSPC/.test(JSON.stringify(line)))
    assert.ok(failed.length > 0, err)

    const refused = assertFailure(await place.millrace(...args), {
      exit: 1,
      code: 'STORAGE_FAILED',
      says: /ENOSPC|no space left/,
      cure: /make room/,
    })
    assert.doesNotMatch(refused.cure, /permissions/)
    disk.makeRoom()
    const verified = await place.millrace('checkpoint', 'verify', join(disk.directory, 'counting'))
    assert.equal(verified.code, 0, verified.out)
    const again = await place.millrace(...args)
    assert.equal(again.code, 0, again.err)
    assert.match(again.err, /resumes from checkpoint/)
    assertExact(place, RECORDS)
  })

  it('that became read-only is refused, and can still be read', async (test) => {
    const place = project(test)
    using disk = smallDisk(place)
    if (disk === undefined) return test.skip('mounting a disk is not allowed here')
    place.write('job.ts', counting)
    const args = ['run', 'job.ts', '--directory', disk.directory]
    const { child, ended } = place.start(...args)
    await until(() => links(disk.directory) > 3, 'checkpoints are taken')
    child.kill('SIGKILL')
    await ended
    disk.remount('ro')
    assertFailure(await place.millrace(...args), {
      exit: 1,
      code: 'STORAGE_FAILED',
      says: /EROFS|read-only/,
      cure: /choose another/,
    })
    const folder = join(disk.directory, 'counting')
    for (const command of [
      ['checkpoint', 'verify', folder],
      ['checkpoint', 'ls', folder],
      ['checkpoint', 'gc', folder, '--dry-run'],
      ['state', 'ls', folder],
    ]) {
      const { code, err } = await place.millrace(...command)
      assert.equal(code, 0, `${command.join(' ')}: ${err}`)
    }
    disk.remount('rw')
    const again = await place.millrace(...args)
    assert.equal(again.code, 0, again.err)
    assertExact(place, RECORDS)
  })
})
