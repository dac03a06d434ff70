/** Has the splits of all sources looked for: when an attempt begins, and of some now and then. */
import type { AttemptSetup } from './attempt-setup.ts'

export class Discoveries {
  readonly #setup: Pick<AttemptSetup, 'host' | 'workers' | 'job'>
  readonly #timers = new AbortController()

  constructor(setup: Pick<AttemptSetup, 'host' | 'workers' | 'job'>) {
    this.#setup = setup
  }

  begin(): void {
    for (const { kind, uid, discoverEveryMs } of this.#setup.job.plan.nodes) {
      if (kind !== 'source' || uid === undefined) continue
      this.#discover(uid)
      if (discoverEveryMs !== undefined) void this.#again(uid, discoverEveryMs)
    }
  }

  close(): void {
    this.#timers.abort()
  }

  async #again(uid: string, everyMs: number): Promise<void> {
    const { signal } = this.#timers
    for (;;) {
      await this.#setup.host.clock.sleep(everyMs, signal)
      if (signal.aborted) return
      this.#discover(uid)
    }
  }

  /** Only workers hold users' code. */
  #discover(uid: string): void {
    this.#setup.workers.send(0, { kind: 'discover', uid })
  }
}
