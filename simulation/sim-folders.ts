/**
 * The folders of jobs on the machines of the simulated world: who has claimed them, as far as a
 * process on the same machine can see. Nobody is refused: a start may be told that the owner is
 * dead when it is not. A process that watches an owner learns of its end a moment later.
 */
import type { ClaimRequest, FolderOwner, JobClaim } from '../src/runtime/host.ts'
import type { Random } from '../src/util/random.ts'
import type { Scheduler, Scope } from './scheduler.ts'

/** Of a process, what others on its machine see. */
export interface Neighbour {
  readonly scope: Scope
  readonly machine: number
  readonly crashed: Promise<void>
}

interface Owned {
  readonly claim: string
  readonly by: Neighbour
  readonly released: Promise<void>
}

const SEEN_MS_MAX = 20

export class SimFolders {
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #owners = new Map<string, Owned>()

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler
    this.#random = random
  }

  claim(by: Neighbour, { directory, jobName, id }: ClaimRequest): JobClaim {
    const folder = `${by.machine}/${directory}/${jobName}`
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    this.#owners.set(folder, { claim: id, by, released })
    return {
      serve() {},
      release: async () => {
        if (this.#owners.get(folder)?.claim === id) this.#owners.delete(folder)
        release()
      },
    }
  }

  owner(watcher: Neighbour, directory: string, jobName: string): FolderOwner | undefined {
    const owned = this.#owners.get(`${watcher.machine}/${directory}/${jobName}`)
    if (owned === undefined) return undefined
    const { claim, by, released } = owned
    const seen = { claim, isGone: !by.scope.isAlive, gone: Promise.resolve(), close() {} }
    if (seen.isGone) return seen
    const delayMs = this.#random.next() * SEEN_MS_MAX
    const gone = new Promise<void>((resolve) => {
      void Promise.race([by.crashed, released]).then(() =>
        this.#scheduler.schedule(watcher.scope, delayMs, 'owner gone', () => {
          seen.isGone = true
          resolve()
        }),
      )
    })
    return Object.assign(seen, { gone })
  }
}
