/** Interprets a workload through the public API: the job as a user would write it. */
import { job, keyedProcess, outputTag, processFunction, t } from '../../src/index.ts'
import type { DataStream, Job, KeyedStream, OutputTag, StreamEnvironment } from '../../src/index.ts'
import type { Sink, Source, StateBackend } from '../../src/spi.ts'
import { required } from '../../src/util/assert.ts'
import { banked } from './bank.ts'
import { copies } from './copies.ts'
import { called, expired, ruled } from './outside.ts'
import { guarded } from './guarded.ts'
import { withHeld } from './held.ts'
import { type Key, numberOf } from './keys.ts'
import { helped } from './helpers.ts'
import { orderedProcess } from './ordered.ts'
import { held, together } from './pairs.ts'
import { delayed, matched, met, paired, windowed } from './timed.ts'
import { shredded } from './shredded.ts'
import { ofText } from './text.ts'
import { statesProcess, timersProcess, windowsProcess, distinctProcess } from './processes.ts'
import { type KeyKind, type Rec, restOf, type Workload, type WorkloadNode } from './workload.ts'

/** The world's ends of the job. */
export interface WorkloadEnds {
  readonly backend: StateBackend
  /** How often the types of the job's states have changed. */
  readonly age: number
  source(index: number): Source<Rec>
  sink(uid: string): Sink<Rec>
  /** Called for each record of a `map`; may throw. */
  beforeRecord(rec: Rec): void
  /** The same for one that has an error policy. */
  beforeGuarded(policy: 'dead-letter' | 'park', call: string): void
  /** Something that must never be is the case. */
  violated(what: string): void
  /** The outside world answers: some time later, or with an error. */
  answer(signal: AbortSignal): Promise<void>
}

type NodeOf<K extends WorkloadNode['kind']> = Extract<WorkloadNode, { readonly kind: K }>

export const recType = t.struct({ k: t.float64, v: t.float64, at: t.float64, pad: t.string })

export function buildWorkload(name: string, workload: Workload, ends: WorkloadEnds): Job {
  return job(name, { backend: ends.backend }, (env) => new Builder(env, workload, ends).build())
}

class Builder {
  readonly #env: StreamEnvironment
  readonly #workload: Workload
  readonly #ends: WorkloadEnds
  readonly #streams: (DataStream<Rec> | undefined)[] = []
  readonly #tags: (OutputTag<Rec> | undefined)[] = []

  constructor(env: StreamEnvironment, workload: Workload, ends: WorkloadEnds) {
    this.#env = env
    this.#workload = workload
    this.#ends = ends
  }

  build(): void {
    for (const node of this.#workload.nodes) this.#streams.push(this.#stream(node))
  }

  #stream(node: WorkloadNode): DataStream<Rec> | undefined {
    switch (node.kind) {
      case 'source':
        return this.#source(node)
      case 'map':
        return this.#typed(
          this.#input(node).map((rec) => {
            this.#ends.beforeRecord(rec)
            return { ...rec, v: rec.v * node.factor }
          }),
        )
      case 'filter':
        return this.#input(node).filter((rec) => restOf(rec, node.modulo) !== 0)
      case 'flatMap':
        return this.#typed(this.#input(node).flatMap((rec) => copies(rec, node.copies)))
      case 'group':
        return this.#typed(this.#input(node).map((rec) => ({ ...rec, k: rec.k % node.groups })))
      case 'union': {
        const [first, ...others] = node.inputs.map((input) => this.#at(input))
        return required(first, 'a union of nothing').union(...others)
      }
      case 'split':
        return this.#split(node)
      case 'side':
        return this.#at(node.input).sideOutput(required(this.#tags[node.input], 'no side output'))
      case 'process':
        return this.#process(node)
      case 'window':
      case 'match':
      case 'delay':
      case 'expire':
      case 'guard':
      case 'shredded':
        return this.#typed(this.#ofKey(node))
      case 'meet':
      case 'join':
      case 'rules':
      case 'pair':
        return this.#typed(this.#ofTwo(node))
      case 'helper':
        return this.#typed(this.#helper(node))
      case 'bank': {
        const keyBy = (stream: DataStream<Rec>) => this.#keyed(stream, node.key)
        const { typed } = this.#workload
        return this.#typed(banked(node.uid, this.#input(node), keyBy, typed))
      }
      case 'hold':
        return this.#typed(held(node.uid, this.#input(node), node.isUnion, this.#workload.typed))
      case 'call': {
        const answer = (signal: AbortSignal) => this.#ends.answer(signal)
        return this.#typed(called(node.uid, this.#input(node), node.isOrdered, answer))
      }
      case 'sink':
        this.#input(node).sinkTo(node.uid, this.#ends.sink(node.uid))
        return undefined
      case 'count':
      case 'sum':
      case 'reduce':
      case 'aggregate':
      case 'latest':
      case 'total':
        return this.#fold(node)
    }
  }

  #ofKey(
    node: NodeOf<'window' | 'match' | 'delay' | 'expire' | 'guard' | 'shredded'>,
  ): DataStream<Rec> {
    const { uid } = node
    const { typed } = this.#workload
    const keyed = this.#keyed(this.#input(node), node.key)
    const violated = (what: string): void => this.#ends.violated(`${uid}: ${what}`)
    switch (node.kind) {
      case 'window':
        return windowed(uid, keyed, node.plan, typed)
      case 'match':
        return matched(uid, keyed, node.withinMs)
      case 'delay':
        return delayed(uid, keyed, typed, violated)
      case 'shredded':
        return shredded(keyed, { uid, kind: node.key, typed, violated })
      case 'guard': {
        const { policy } = node
        const mayThrow = (call: string): void => this.#ends.beforeGuarded(policy, `${uid} ${call}`)
        return guarded(keyed, { uid, typed, policy, violated, mayThrow })
      }
      case 'expire':
        return expired(uid, keyed, this.#tag('expired'), typed)
    }
  }

  #helper(node: NodeOf<'helper'>): DataStream<Rec> {
    const { uid, what, n } = node
    const { typed } = this.#workload
    const answer = (signal: AbortSignal) => this.#ends.answer(signal)
    // Watermarks that go ahead of some records.
    const time = { timestamp: ({ at }: Rec) => at, maxOutOfOrderness: n }
    const input = this.#input(node)
    const stream = what === 'late' ? input.assignTimestamps(`${uid}-time`, time) : input
    return helped(this.#keyed(stream, node.key), { uid, what, n, typed, numberOf, answer })
  }

  #ofTwo(node: NodeOf<'meet' | 'join' | 'rules' | 'pair'>): DataStream<Rec> {
    const { uid, key } = node
    const { typed } = this.#workload
    const [first, second] = node.inputs.map((input) => this.#at(input))
    const keyed = this.#keyed(required(first, 'no first input'), key)
    const other = required(second, 'no second input')
    if (node.kind === 'rules') return ruled(uid, keyed, other, typed)
    if (node.kind === 'pair') return together(keyed, this.#keyed(other, key), node)
    if (node.kind === 'join') return paired(uid, keyed, this.#keyed(other, key), node.plan)
    return met(uid, keyed, this.#keyed(other, key), typed)
  }

  #source({ source: index }: NodeOf<'source'>): DataStream<Rec> {
    const { sources } = this.#workload
    const { uid, outOfOrderMs, text } = required(sources[index], 'no such source')
    const source = this.#ends.source(index)
    if (text !== undefined) return this.#typed(ofText[text](this.#env, uid, source))
    if (outOfOrderMs === undefined) return this.#env.fromSource(uid, source)
    const time = { timestamp: (rec: Rec) => rec.at, maxOutOfOrderness: outOfOrderMs }
    return this.#env.fromSource(uid, source, time)
  }

  #split(node: NodeOf<'split'>): DataStream<Rec> {
    const tag = this.#tag('rest')
    return this.#typed(
      this.#input(node).process(
        node.uid,
        processFunction<Rec, Rec>({
          processElement(rec, ctx, out) {
            if (restOf(rec, node.modulo) === 0) ctx.output(tag, rec)
            else out.collect(rec)
          },
        }),
      ),
    )
  }

  #fold(
    node: NodeOf<'count' | 'sum' | 'reduce' | 'aggregate' | 'latest' | 'total'>,
  ): DataStream<Rec> {
    const { uid } = node
    const keyed = this.#keyed(this.#input(node), node.key)
    switch (node.kind) {
      case 'count':
        return this.#typed(keyed.count(uid).map(({ key, value }) => rec(key, value)))
      case 'sum':
        return this.#typed(keyed.sum(uid, ({ v }) => v).map(({ key, value }) => rec(key, value)))
      case 'total':
        return this.#typed(
          keyed
            .sum(uid, ({ v }) => v)
            .latest(`${uid}-latest`)
            .map(({ key, value }) => rec(key, value)),
        )
      case 'latest':
        return keyed.latest(uid)
      case 'reduce':
        return keyed.reduce(uid, (a, b) => {
          return { ...b, v: (a.v * 31 + b.v) % 1_000_003, at: Math.max(a.at, b.at) }
        })
      case 'aggregate':
        return this.#typed(
          keyed.aggregate(uid, {
            createAccumulator: () => ({ k: 0, sum: 0, n: 0 }),
            add(value, accumulator) {
              accumulator.k = value.k
              accumulator.sum += value.v
              accumulator.n++
              return accumulator
            },
            getResult: ({ k, sum, n }) => rec(k, sum * 100 + n),
          }),
        )
    }
  }

  #process(node: NodeOf<'process'>): DataStream<Rec> {
    const { uid, what, key, sideModulo, isOrdered } = node
    const { typed } = this.#workload
    const keyed = this.#keyed(this.#input(node), key)
    const violated = (what: string): void => this.#ends.violated(`${uid}: ${what}`)
    const isTimed = this.#workload.certain?.[node.input]?.isTimed === true
    const inTime = ({ at }: Rec, watermark: number): void => {
      if (isTimed && at <= watermark) violated(`a record of ${at} comes after ${watermark}`)
    }
    switch (what) {
      case 'states': {
        const side = sideModulo === 0 ? undefined : this.#tag('side')
        return withHeld(typed, this.#ends.age, (held) =>
          this.#typed(keyed.process(uid, statesProcess(typed, held, side, sideModulo, inTime))),
        )
      }
      case 'ordered':
        return this.#typed(keyed.process(uid, orderedProcess(typed)))
      case 'timers':
        return withHeld(typed, this.#ends.age, (held) =>
          this.#typed(keyed.process(uid, timersProcess(held, isOrdered, violated, inTime))),
        )
      case 'windows':
        return withHeld(typed, this.#ends.age, (held) =>
          this.#typed(keyed.process(uid, windowsProcess(typed, held))),
        )
      case 'distinct':
        return this.#typed(keyed.process(uid, keyedProcess(distinctProcess(typed))))
    }
  }

  #keyed(stream: DataStream<Rec>, kind: KeyKind): KeyedStream<Key, Rec> {
    if (kind === 'tuple') {
      return stream.keyBy<Key>(({ k }) => [k % 3, `${k}`], t.tuple(t.float64, t.string))
    }
    return kind === 'number' ? stream.keyBy(({ k }) => k) : stream.keyBy(({ k }) => `key ${k}`)
  }

  #tag(name: string): OutputTag<Rec> {
    const tag = this.#workload.typed ? outputTag(name, recType) : outputTag<Rec>(name)
    this.#tags[this.#streams.length] = tag
    return tag
  }

  #typed(stream: DataStream<Rec>): DataStream<Rec> {
    return this.#workload.typed ? stream.returns(recType) : stream
  }

  #input({ input }: { readonly input: number }): DataStream<Rec> {
    return this.#at(input)
  }

  #at(index: number): DataStream<Rec> {
    return required(this.#streams[index], `node ${index} is no stream`)
  }
}

function rec(key: Key, v: number): Rec {
  return { k: numberOf(key), v, at: 0, pad: '' }
}
