/** Where streams begin: the `env` of a job's `build`. */
import { collection } from '../connectors/collection.ts'
import type { GraphBuilder } from '../graph/stream-graph.ts'
import { type Source, sourceBrand } from '../operators/source.ts'
import type { Type } from '../types/type.ts'
import { Stream } from './data-stream.ts'
import { KeyedDataStream } from './keyed-stream.ts'
import { eventTimeOf } from './event-time.ts'
import { type Call, callOf, invalid, type Site } from './site.ts'
import type { DataStream, StreamEnvironment } from './streams/data.ts'
import type { EventTime } from './streams/event-time.ts'
import { Updates } from './update-stream.ts'

export class Environment implements StreamEnvironment {
  readonly #site: Site

  constructor(builder: GraphBuilder) {
    const site: Site = {
      builder,
      stream: (upstreams) => new Stream(site, upstreams),
      updates: (upstream, types) => new Updates(site, upstream, types),
      keyed: (upstreams, key, partitioning) => {
        return new KeyedDataStream(site, upstreams, key, partitioning)
      },
    }
    this.#site = site
  }

  fromSource<T>(uid: string, source: Source<T>, time?: EventTime<NoInfer<T>>): DataStream<T> {
    return this.#add(callOf('fromSource', uid), source, time)
  }

  fromElements<T>(uid: string, values: Iterable<T>, type?: Type<T>): DataStream<T> {
    const call = callOf('fromElements', uid)
    return this.#add(call, collection(values, type === undefined ? {} : { type }), undefined)
  }

  #add<T>(call: Call, source: Source<T>, time: EventTime<T> | undefined): DataStream<T> {
    if (source?.[sourceBrand] !== true) {
      throw invalid(call, 'got something that is no source', 'pass fileSource(…) or another source')
    }
    const from = this.#site.builder.add({
      kind: 'source',
      uid: call.uid ?? '',
      location: call.location,
      outputType: source.type,
      source,
      time: time === undefined ? undefined : eventTimeOf(time, call),
    })
    return this.#site.stream([{ from, tag: undefined, type: source.type }])
  }
}
