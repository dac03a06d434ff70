/**
 * The joins of keyed streams. Their contract is `streams/joined.ts`; `KeyedDataStream` inherits
 * them.
 */
import type { JoinSite } from './join-site.ts'
import { IntervalJoinStreams, TemporalJoinStream } from './joined-streams.ts'
import { type Call, callOf } from './site.ts'
import type {
  CoGroup,
  IntervalJoin,
  KeyedJoinMethods,
  TemporalJoin,
  TemporalJoinOptions,
  WindowJoin,
} from './streams/joined.ts'
import type { KeyedStream } from './streams/keyed.ts'
import { CoGroupStreams, WindowJoinStreams } from './window-joins.ts'

/** What a keyed stream can be joined by. */
export abstract class KeyedJoins<K, T> implements KeyedJoinMethods<K, T> {
  protected abstract joinSite<R>(right: KeyedStream<K, R>, call: Call): JoinSite

  join<R>(right: KeyedStream<K, R>): WindowJoin<K, T, R> {
    return new WindowJoinStreams(this.joinSite(right, callOf('join')))
  }

  coGroup<R>(right: KeyedStream<K, R>): CoGroup<K, T, R> {
    return new CoGroupStreams(this.joinSite(right, callOf('coGroup')))
  }

  intervalJoin<R>(right: KeyedStream<K, R>): IntervalJoin<K, T, R> {
    return new IntervalJoinStreams(this.joinSite(right, callOf('intervalJoin')))
  }

  temporalJoin<V>(
    versions: KeyedStream<K, V>,
    options: TemporalJoinOptions<V> = {},
  ): TemporalJoin<K, T, V> {
    const call = callOf('temporalJoin')
    return TemporalJoinStream.of(this.joinSite(versions, call), options, call)
  }
}
