// What a backend with its rows on a server must stand: the contracts of stores below and of
// backends, and real processes with far more state than memory that are killed.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, test } from 'node:test'
import type { StateBackend } from '../../src/state/backend.ts'
import type { ColdStore } from '../../src/state/cold-store.ts'
import { hashmap } from '../../src/state/hashmap/index.ts'
import { startHelper } from '../../src/state/remote/helper-thread.ts'
import { RemoteStore } from '../../src/state/remote/remote-store.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import type { Scratch } from '../../src/storage/scratch.ts'
import { backendSuite } from '../../src/testing/conformance/backend.ts'
import { checkCounts, visibleLines } from '../e2e/watched-output.ts'
import { Watched } from '../e2e/watched.ts'
import { coldStoreSuite } from '../state/cold-store-suite.ts'
import { isFull } from './available.ts'

const TIMEOUT_MS = 900_000
const KEYS = 3_000

export interface RemoteBackendSuite {
  /** Of the backend, and of the folder of its table. */
  readonly name: string
  readonly url: string
  readonly choose: () => StateBackend
  /** Opens an empty store; by default over the table of the backend of that name. */
  readonly open?: () => Promise<ColdStore>
  /** Has a folder on the local disk. */
  readonly scratch?: () => Scratch
  readonly environment?: Readonly<Record<string, string>>
}

let scopes = 0

/** @param scope another one each time, by default. */
export async function openRemoteStore(
  { name, url }: Pick<RemoteBackendSuite, 'name' | 'url'>,
  scope = `test-${++scopes}`,
): Promise<RemoteStore> {
  const module = new URL(`../../src/state/${name}/table.ts`, import.meta.url).href
  const port = startHelper({ module, options: { url }, scope })
  return await RemoteStore.open(port, { silenceMsMax: 60_000 })
}

export function remoteBackendSuite(suite: RemoteBackendSuite): void {
  const { name, url, choose, scratch = () => new MemoryScratch() } = suite
  const { open = () => openRemoteStore(suite) } = suite
  coldStoreSuite({ name: `state in ${name}`, open })
  backendSuite({
    test,
    name: `${name}()`,
    choose,
    other: () => hashmap(),
    context: () => ({ scratch: scratch() }),
    evicts: true,
  })
  describe(`state in ${name}`, () => {
    const environment = { ...suite.environment, MILLRACE_TEST_STATE: url }
    killedWithState(environment, isFull ? 50 : 3)
  })
}

/** @param environment what the job needs to find the server. */
export function killedWithState(
  environment: Readonly<Record<string, string>>,
  kills: number,
): void {
  it('of a job that is killed comes back exactly', { timeout: TIMEOUT_MS }, async () => {
    const watched = new Watched({
      rate: 4_000,
      lease: '10 s',
      interval: '200 ms',
      job: join(import.meta.dirname, 'remote-state-job.ts'),
      flags: ['--param', `keys=${KEYS}`],
    })
    const little = ['--memory', '1MB']
    try {
      for (let kill = 0; kill < kills; kill++) {
        const killed = watched.run(little, environment)
        await killed.logged(kill === 0 ? 'millrace:job:started' : 'millrace:job:restored')
        await watched.more(kill % 3 === 2 ? 1 : 2 * KEYS)
        killed.kill('SIGKILL')
        await killed.ended
      }
      const last = watched.run(little, environment)
      await last.logged('millrace:job:restored')
      await watched.more(2 * KEYS)
      const status = await watched.command('status', 'watched', '--json')
      assert.match(status.log, /"evictions":[1-9]/, 'no row has ever left memory')
      assert.match(status.log, /"requests":[1-9]/)
      const savepoint = join(watched.folder, 'savepoint')
      const stopped = await watched.command('stop', 'watched', '--savepoint', savepoint)
      assert.equal(stopped.child.exitCode, 0, stopped.log)
      assert.equal((await last.ended).code, 0, last.log)
      const before = checkCounts(watched.output)
      assert.equal(new Set(visibleLines(watched.output).map(({ key }) => key)).size, KEYS)

      // From the same bytes, without the server.
      const set = ['--set', `checkpointing.storage=${join(watched.folder, 'moved')}`]
      const elsewhere = join(watched.folder, 'elsewhere')
      const flags = ['--backend', 'hashmap', '--memory', '256MB', '--from', savepoint, ...set]
      const next = watched.run(flags, environment, elsewhere)
      await watched.more(2 * KEYS)
      await watched.commandIn(elsewhere, 'stop', 'watched')
      assert.equal((await next.ended).code, 0, next.log)
      assert.ok(checkCounts(watched.output) >= before + 2 * KEYS)
    } finally {
      await watched.close()
    }
  })
}
