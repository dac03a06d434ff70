/** The scopes of the tables in Cassandra, and which partitions each of them has. */
import { fnv1aString } from '../../util/hash.ts'
import type { ScopeTable } from '../remote/scope.ts'
import type { RowRequests } from './requests.ts'
import { SCOPE_SHARDS } from './statements.ts'

export class CassandraScopes implements ScopeTable {
  readonly #requests: RowRequests
  /** Partitions that are written down. */
  readonly #heads = new Set<string>()

  constructor(requests: RowRequests) {
    this.#requests = requests
  }

  async see(scope: string, atMs: number): Promise<void> {
    await this.#requests.write('write rows', [['see', shardOf(scope), scope, BigInt(atMs)]])
  }

  async scopes(): Promise<readonly { readonly scope: string; readonly seenMs: number }[]> {
    const shards = Array.from({ length: SCOPE_SHARDS }, (_, shard) =>
      this.#requests.read('list scopes', ['scopes', shard]),
    )
    const rows = (await Promise.all(shards)).flat()
    return rows.map(({ scope, seen }) => ({ scope: String(scope), seenMs: Number(seen) }))
  }

  /** Before the first row of a partition is written. */
  async need(scope: string, head: Buffer): Promise<void> {
    const text = head.toString('latin1')
    if (this.#heads.has(text)) return
    await this.#requests.write('write rows', [['addHead', scope, head]])
    this.#heads.add(text)
  }

  /** The mark of it goes last: should this be interrupted, others go on with it. */
  async dropScope(scope: string): Promise<void> {
    const requests = this.#requests
    for (const { head } of await requests.read('delete rows', ['heads', scope])) {
      await requests.write('delete rows', [['dropHead', scope, head]])
    }
    await requests.write('delete rows', [['dropHeads', scope]])
    await requests.write('delete rows', [['forget', shardOf(scope), scope]])
  }
}

function shardOf(scope: string): number {
  return (fnv1aString(scope) >>> 0) % SCOPE_SHARDS
}
