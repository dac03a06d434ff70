/**
 * The scopes of a table of HBase. Its rows can only be deleted one by one, each by a request: who
 * ends does that for a few, and leaves the rest to whoever begins next, who does it beside his
 * work, slowly. What several find is deleted by the first: the mark says until when it is his.
 */
import { eachOf } from '../../storage/remote/each.ts'
import type { HBaseRequests } from '../../storage/hbase/requests.ts'
import type { Clock } from '../../util/clock.ts'
import { LEFT_MS_MIN, type ScopeTable } from '../remote/scope.ts'
import { allMarks, DROP_VERSION, markOf, scopeOf, SEEN, StateRows, versionAt } from './rows.ts'

const SEE = { action: 'write rows', name: '' }
const LIST = { action: 'list scopes', name: '' }
const DROP = { action: 'delete rows', name: '' }

/** Whoever ends deletes so many rows. */
const ROWS_AT_END_MAX = 128
const AT_ONCE_AT_END = 16
/** Others by so many, and at a time fewer. */
const ROWS_OF_PAGE = 512
const AT_ONCE = 2
/** Who deletes says so for each page; when he is silent for so long, another one goes on. */
const CLAIM_MS = 5 * 60_000
/** Of a scope that was left by its owner. */
const LEFT_MS = 0

export class HBaseScopes implements ScopeTable {
  readonly #requests: HBaseRequests
  readonly #clock: Clock
  /** What the marks of others were when they were read. */
  readonly #marks = new Map<string, string>()

  constructor(requests: HBaseRequests, clock: Clock) {
    this.#requests = requests
    this.#clock = clock
  }

  async see(scope: string, atMs: number): Promise<void> {
    const version = versionAt(this.#clock.now())
    await this.#requests.put(SEE, markOf(scope), version, { [SEEN]: String(atMs) })
  }

  async scopes(): Promise<readonly { readonly scope: string; readonly seenMs: number }[]> {
    const marks = await this.#requests.scan(LIST, allMarks(), [SEEN])
    return marks.map(({ key, cells }) => {
      const seen = String(cells.get(SEEN) ?? LEFT_MS)
      this.#marks.set(scopeOf(key), seen)
      return { scope: scopeOf(key), seenMs: Number(seen) }
    })
  }

  /** Deletes what another one has left, if nobody else is at it. */
  async dropScope(scope: string): Promise<void> {
    const rows = new StateRows(scope).all()
    for (;;) {
      if (!(await this.#claim(scope))) return
      if (await this.#dropPage(rows, ROWS_OF_PAGE, AT_ONCE)) return await this.#forget(scope)
    }
  }

  /** Ends a scope of one's own. */
  async leave(scope: string): Promise<void> {
    await this.see(scope, LEFT_MS)
    const rows = new StateRows(scope).all()
    if (await this.#dropPage(rows, ROWS_AT_END_MAX, AT_ONCE_AT_END)) await this.#forget(scope)
  }

  /** For others the scope is in use until the claim ends. False if one of them was faster. */
  async #claim(scope: string): Promise<boolean> {
    const now = this.#clock.now()
    const [row, version] = [markOf(scope), versionAt(now)]
    const expected = [SEEN, this.#marks.get(scope) ?? ''] as const
    const claim = String(now - LEFT_MS_MIN + CLAIM_MS)
    if (
      !(await this.#requests.checkAndPut({ ...DROP, row, version, expected }, { [SEEN]: claim }))
    ) {
      return false
    }
    this.#marks.set(scope, claim)
    return true
  }

  /** True if these were the last ones. */
  async #dropPage(range: readonly [string, string], limit: number, atOnce: number) {
    const options = { limit, filter: 'KeyOnlyFilter()' }
    const found = await this.#requests.scan(DROP, range, [], options)
    await eachOf(found, atOnce, ({ key }) => this.#requests.drop(DROP, key, DROP_VERSION))
    return found.length < limit
  }

  /** The mark goes last: should this be interrupted, others go on with it. */
  #forget(scope: string): Promise<void> {
    return this.#requests.drop(DROP, markOf(scope), DROP_VERSION)
  }
}
