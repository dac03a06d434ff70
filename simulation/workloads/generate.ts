/**
 * Makes a random workload. It keeps track of what is certain of each stream (is the order of a
 * key's records the same in every run?), and puts only operations behind it whose results are
 * certain too.
 */
import type { Random } from '../../src/util/random.ts'
import type { Certainty, Compare, KeyKind, SourceData, Workload, WorkloadNode } from './workload.ts'
import { chooseHelper } from './generate-helpers.ts'
import { chooseKeyed } from './generate-keyed.ts'
import { chooseOperation, choosePlan, countOf, isGuarded, policyOf } from './generate-operation.ts'
import { generateSources } from './sources.ts'

interface Stream extends Certainty {
  readonly node: number
  /** The sources its keys come from; two streams without a common one share no key. */
  readonly origins: ReadonlySet<number>
}

/** One of so many operations, besides those that chance makes so, reaches beyond one stream. */
const OUTSIDE_OF = 10

export function generateWorkload(random: Random, isStateful = false): Workload {
  const generator = new Generator(random.fork('graph'), isStateful)
  // Pipelines that have nothing to do with each other: regions that fail and start by themselves.
  const apart = random.fork('apart')
  const pipelines = !isStateful && apart.int(4) === 0 ? 2 + apart.int(2) : undefined
  const sources = generateSources(random.fork('data'), pipelines, isStateful)
  const nodes =
    pipelines === undefined ? generator.generate(sources) : generator.generateApart(sources)
  const [typed, lastingWriters] = [random.int(2) === 0, random.int(3) === 0]
  return { sources, nodes, certain: generator.certain, typed, lastingWriters }
}

class Generator {
  readonly #random: Random
  readonly #nodes: WorkloadNode[] = []
  #streams: Stream[] = []
  /** Of each node that is no sink. */
  readonly certain: (Certainty | undefined)[] = []
  readonly #used = new Set<number>()
  /** Nothing is keyed or brought together: each subtask is a region of its own. */
  #isForward = false

  readonly #isStateful: boolean

  constructor(random: Random, isStateful: boolean) {
    this.#random = random
    this.#isStateful = isStateful
  }

  generate(sources: readonly SourceData[]): readonly WorkloadNode[] {
    for (const [source, data] of sources.entries()) this.#source(source, data)
    return this.#grow()
  }

  /** A pipeline for each source; some of them nowhere spread records. */
  generateApart(sources: readonly SourceData[]): readonly WorkloadNode[] {
    for (const [source, data] of sources.entries()) {
      this.#streams = []
      this.#isForward = this.#random.int(2) === 0
      this.#source(source, data)
      this.#grow()
    }
    return this.#nodes
  }

  #source(source: number, { outOfOrderMs, bounded, text }: SourceData): void {
    const isTimed = outOfOrderMs !== undefined && bounded
    const compare = text !== undefined ? 'multiset' : 'order per key'
    this.#stream({ kind: 'source', source }, compare, new Set([source]), isTimed)
  }

  #grow(): readonly WorkloadNode[] {
    for (let left = countOf(this.#random, this.#isStateful); left > 0; left--) this.#operation()
    for (const { node, compare } of this.#streams) {
      if (!this.#used.has(node)) this.#sink(node, compare)
    }
    return this.#nodes
  }

  #operation(): void {
    const random = this.#random
    const from = this.#pick()
    const { node: input, origins, compare, isTimed } = from
    this.#used.add(input)
    if (!this.#isForward && random.fork(`outside ${this.#nodes.length}`).int(OUTSIDE_OF) === 0)
      return this.#outside(from)
    if (!this.#isForward && isGuarded(random, this.#nodes.length, compare)) return this.#guard(from)
    const likewise = (node: WorkloadNode): void => this.#stream(node, compare, origins, isTimed)
    switch (chooseOperation(random, this.#isForward, this.#isStateful)) {
      case 0:
        return likewise({ kind: 'map', input, factor: 1 + random.int(5) })
      case 1:
        return likewise({ kind: 'filter', input, modulo: 2 + random.int(4) })
      case 2:
        return likewise({ kind: 'flatMap', input, copies: 1 + random.int(3) })
      case 3:
        return this.#union(from)
      case 4:
        return this.#stream(
          { kind: 'group', input, groups: 1 + random.int(5) },
          compare === 'sums' ? 'sums' : 'multiset',
          new Set([...origins, -1]),
          isTimed,
        )
      case 5:
        return this.#split(from)
      case 12:
        return this.#meet(from)
      case 13:
        return this.#outside(from)
      case 14:
        return this.#lastOne(from)
      case 15:
      case 16:
      case 17:
        return this.#helper(from)
      case 6:
      case 7:
        return isTimed && compare !== 'sums' ? this.#window(from) : this.#keyed(from)
      case 18:
        return this.#isForward ? this.#hold(from) : this.#keyed(from)
      default:
        return this.#keyed(from)
    }
  }

  /** Prefers streams that nobody reads yet. */
  #pick(): Stream {
    const unused = this.#streams.filter(({ node }) => !this.#used.has(node))
    const from = this.#random.int(5) === 0 || unused.length === 0 ? this.#streams : unused
    return from[this.#random.int(from.length)] as Stream // there is at least a source
  }

  #union(first: Stream): void {
    const others = [this.#pick(), ...(this.#random.int(3) === 0 ? [this.#pick()] : [])]
    const all = [...new Set([first, ...others])]
    for (const { node } of all) this.#used.add(node)
    const origins = all.flatMap((stream) => [...stream.origins])
    const apart = new Set(origins).size === origins.length && !origins.includes(-1)
    let compare: Compare = apart ? 'order per key' : 'multiset'
    if (all.some((stream) => stream.compare === 'multiset')) compare = 'multiset'
    if (all.some((stream) => stream.compare === 'sums')) compare = 'sums'
    const inputs = all.map(({ node }) => node)
    const isTimed = all.every((stream) => stream.isTimed)
    this.#stream({ kind: 'union', inputs }, compare, new Set(origins), isTimed)
  }

  /** Only of streams whose records are certain one by one. */
  #meet(first: Stream): void {
    const second = this.#pick()
    if (first.compare === 'sums' || second.compare === 'sums') return this.#keyed(first)
    this.#used.add(second.node)
    const inputs = [first.node, second.node] as const
    const origins = new Set([...first.origins, ...second.origins, -1])
    if (first.isTimed && second.isTimed) return this.#join(inputs, origins)
    const uid = `meet-${this.#nodes.length}`
    this.#stream({ kind: 'meet', inputs, uid, key: this.#key() }, 'multiset', origins)
  }

  #helper({ node: input, compare, origins, isTimed }: Stream): void {
    const { what, n, ...after } = chooseHelper(this.#random, compare, isTimed)
    const uid = `${what}-${this.#nodes.length}`
    const node = { kind: 'helper', input, uid, key: this.#key(), what, n } as const
    this.#stream(node, after.compare, origins, after.isTimed)
  }

  /** Two streams come together, or one ends. */
  #lastOne(from: Stream): void {
    const what = this.#random.int(4)
    if (what === 0) this.#hold(from)
    else if (what === 1) this.#bank(from)
    else this.#pair(from)
  }

  /** What it gives can only be compared as a whole. */
  #hold(from: Stream): void {
    if (from.compare === 'sums') return this.#keyed(from)
    const isUnion = this.#random.int(2) === 0
    const uid = `hold-${this.#nodes.length}`
    this.#sink(this.#nodes.push({ kind: 'hold', input: from.node, uid, isUnion }) - 1, 'most')
  }

  /** Of whose history the checker knows what must hold. */
  #bank(from: Stream): void {
    if (from.compare === 'sums') return this.#keyed(from)
    const uid = `bank-${this.#nodes.length}`
    const node = { kind: 'bank', input: from.node, uid, key: this.#key() } as const
    this.#sink(this.#nodes.push(node) - 1, 'history')
  }

  #pair(first: Stream): void {
    const second = this.#pick()
    const isFit = first.isTimed && second.isTimed
    if (!isFit || first.compare === 'sums' || second.compare === 'sums') return this.#keyed(first)
    this.#used.add(second.node)
    const inputs = [first.node, second.node] as const
    const what = (['window', 'group', 'version'] as const)[this.#random.int(3)] ?? 'window'
    const uid = `${what}-${this.#nodes.length}`
    const sizeMs = 5 + this.#random.int(100)
    const origins = new Set([...first.origins, ...second.origins, -1])
    this.#stream({ kind: 'pair', inputs, uid, key: this.#key(), what, sizeMs }, 'multiset', origins)
  }

  #guard({ node: input, compare, origins, isTimed }: Stream): void {
    const uid = `guard-${this.#nodes.length}`
    const policy = policyOf(this.#random, this.#nodes.length)
    const node = { kind: 'guard', policy, input, uid, key: this.#key() } as const
    // What waited keeps its order, and may be late.
    if (policy === 'park') return this.#stream(node, compare, origins)
    // What failed comes by another way, and so in another order.
    this.#stream(node, 'multiset', origins, isTimed)
  }

  #outside({ node: input, compare, origins, isTimed }: Stream): void {
    const random = this.#random
    if (compare === 'sums') return this.#keyed({ node: input, compare, origins, isTimed })
    const uid = `outside-${this.#nodes.length}`
    const what = this.#isStateful ? 1 : random.int(3)
    if (what === 0) {
      // A rescale spreads the calls that are under way over all subtasks, whatever their key.
      const node = { kind: 'call', input, uid, isOrdered: random.int(2) === 0 } as const
      return this.#stream(node, 'multiset', new Set([...origins, -1]), isTimed)
    }
    if (what === 1) {
      this.#stream({ kind: 'expire', input, uid, key: this.#key() }, 'multiset', origins)
      return this.#stream({ kind: 'side', input: this.#nodes.length - 1 }, 'multiset', origins)
    }
    const rules = this.#pick()
    if (rules.compare === 'sums') return this.#keyed({ node: input, compare, origins, isTimed })
    this.#used.add(rules.node)
    const inputs = [input, rules.node] as const
    this.#stream({ kind: 'rules', inputs, uid, key: this.#key() }, 'multiset', origins)
  }

  #join(inputs: readonly [number, number], origins: ReadonlySet<number>): void {
    const random = this.#random
    const lowerMs = random.int(80) - 50
    const plan = { lowerMs, upperMs: lowerMs + random.int(80), isOuter: random.int(2) === 0 }
    const uid = `join-${this.#nodes.length}`
    const node = { kind: 'join', inputs, uid, key: this.#key(), plan } as const
    this.#stream(node, 'multiset', origins, !plan.isOuter)
  }

  #split({ node: input, compare, origins, isTimed }: Stream): void {
    const uid = `split-${this.#nodes.length}`
    const modulo = 2 + this.#random.int(4)
    this.#stream({ kind: 'split', input, uid, modulo }, compare, origins, isTimed)
    this.#stream({ kind: 'side', input: this.#nodes.length - 1 }, compare, origins, isTimed)
  }

  #window({ node: input, origins }: Stream): void {
    const random = this.#random
    const stepMs = 5 + random.int(60)
    if (random.int(5) === 0) {
      const uid = `match-${this.#nodes.length}`
      const node = { kind: 'match', input, uid, key: this.#key(), withinMs: stepMs } as const
      return this.#stream(node, 'multiset', origins)
    }
    const plan = choosePlan(random, stepMs, this.#nodes.length)
    const uid = `window-${this.#nodes.length}`
    this.#stream({ kind: 'window', input, uid, key: this.#key(), plan }, 'multiset', origins, true)
  }

  #key(): KeyKind {
    return (['number', 'string', 'tuple'] as const)[this.#random.int(3)] ?? 'number'
  }

  #keyed({ node: input, compare, origins }: Stream): void {
    const key = this.#key()
    const uid = `keyed-${this.#nodes.length}`
    const { part, compare: after } = chooseKeyed(this.#random, compare, this.#isStateful)
    this.#stream({ ...part, input, uid, key }, after, origins)
    if (part.kind === 'process' && part.sideModulo > 0) {
      this.#stream({ kind: 'side', input: this.#nodes.length - 1 }, compare, origins)
    }
  }

  #sink(input: number, compare: Compare): void {
    const uid = `sink-${this.#nodes.length}`
    this.#nodes.push({ kind: 'sink', input, uid, compare })
  }

  #stream(
    node: WorkloadNode,
    compare: Compare,
    origins: ReadonlySet<number>,
    isTimed = false,
  ): void {
    this.certain[this.#nodes.length] = { compare, isTimed }
    this.#streams.push({ node: this.#nodes.push(node) - 1, compare, origins, isTimed })
  }
}
