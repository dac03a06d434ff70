/** Streams of running results per key. Their contract is `streams/keyed.ts`. */
import type { KeySelector } from '../graph/job-graph.ts'
import { Stream } from './data-stream.ts'
import { KeyedDataStream } from './keyed-stream.ts'
import { callOf, type Site, type UpdateTypes, type Upstream } from './site.ts'
import type { DataStream } from './streams/data.ts'
import type { Update, UpdateStream } from './streams/keyed.ts'
import { unary } from './untyped.ts'

/** What `count` and `sum` give. */
export class Updates<K, V> extends Stream<Update<K, V>> implements UpdateStream<K, V> {
  readonly #upstream: Upstream
  readonly #types: UpdateTypes

  constructor(site: Site, upstream: Upstream, types: UpdateTypes) {
    super(site, [upstream])
    this.#upstream = upstream
    this.#types = types
  }

  /** The updates of a key are where its state is, so they go on without an exchange. */
  latest(uid: string): DataStream<Update<K, V>> {
    const call = callOf('latest', uid)
    const select = unary((update: Update<unknown, unknown>) => update.key)
    const key: KeySelector = { select, type: this.#types.key }
    const keyed = new KeyedDataStream<K, Update<K, V>>(this.site, [this.#upstream], key, 'forward')
    const keep = unary((update: Update<unknown, unknown>) => update.value)
    const emit = (itsKey: unknown, value: unknown) => ({ key: itsKey, value })
    return keyed.keptLatest(call, this.#types.value, this.#upstream.type, keep, emit)
  }
}
