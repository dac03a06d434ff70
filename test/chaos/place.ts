/** Where a life takes place: a folder, or a small disk that is mounted there, and can be full. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Each local database sets some megabytes aside, and there are nine for each worker. */
const DISK_SIZE = '256m'

export class Place {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'millrace-chaos-'))
  readonly input = join(this.folder, 'input')
  readonly logs = join(this.folder, 'logs')
  /** Of the job: its output, and its directory with all checkpoints. */
  readonly disk = join(this.folder, 'disk')
  readonly output = join(this.disk, 'output')
  readonly directory = join(this.disk, 'millrace')
  readonly trap = join(this.folder, 'trap')
  readonly #filler = join(this.disk, 'filler')
  /** Undefined where none was wanted; false where this user may not mount one. */
  readonly isSmall: boolean | undefined

  constructor(wantsSmallDisk: boolean) {
    for (const path of [this.input, this.logs, this.disk]) mkdirSync(path)
    this.isSmall = wantsSmallDisk ? mount(this.disk) : undefined
  }

  /** To the last byte. */
  fill(): void {
    for (const size of [1 << 20, 1 << 12, 1]) {
      try {
        for (;;) writeFileSync(this.#filler, Buffer.alloc(size), { flag: 'a' })
      } catch {
        continue
      }
    }
  }

  makeRoom(): void {
    rmSync(this.#filler, { force: true })
  }

  remove(): void {
    if (this.isSmall === true) execFileSync('umount', ['-l', this.disk], { stdio: 'ignore' })
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function mount(folder: string): boolean {
  try {
    const args = ['-t', 'tmpfs', '-o', `size=${DISK_SIZE}`, 'tmpfs', folder]
    execFileSync('mount', args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
