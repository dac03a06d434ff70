/**
 * Marks: functions that do nothing but count and call another. Each is made of a source text of its
 * own, so that a CPU profile shows it as a frame with the operator's address; what runs beneath it
 * is that operator's, until the next mark. They exist only in a job that is being profiled: in any
 * other nothing stands between two operators.
 */
import { Script } from 'node:vm'

/**
 * What goes on beneath a mark: `record`, a record of the operator · `engine`, its other work ·
 * `rows`, the row of a key is found · `prefetch`, those of a batch · `read`, `update`, a scalar
 * state · `collections`, a list, map, set or deque · `timers`, one is set, deleted or asked for ·
 * `fire`, the due ones · `exchange`, records are encoded, sent, received or decoded · `connector`
 */
export type MarkKind =
  | 'record'
  | 'engine'
  | 'rows'
  | 'prefetch'
  | 'read'
  | 'update'
  | 'collections'
  | 'timers'
  | 'fire'
  | 'exchange'
  | 'connector'

export interface Mark {
  /** The operator's number in the job's graph. */
  readonly node: number
  readonly kind: MarkKind
}

/** How often something was called that is marked. */
export interface MarkCount extends Mark {
  readonly calls: number
}

const SCHEME = 'millrace-mark:'

// Methods of any kind go in, and come out as what they were.
type Method = (this: unknown, ...args: never[]) => unknown
type Factory = (target: unknown, method: Method, counter: { calls: number }) => Method

/** The mark that a frame of a profile stands for. */
export function markOf(url: string): Mark | undefined {
  if (!url.startsWith(SCHEME)) return undefined
  const [node, kind] = url.slice(SCHEME.length).split('/')
  return { node: Number(node), kind: kind as MarkKind } // written by `factoryOf`
}

/** The marks of one worker. */
export class Marks {
  readonly #factories = new Map<string, Factory>()
  readonly #counters: (Mark & { calls: number })[] = []

  /** @param name what the profile shows. Functions of at most four parameters can be marked. */
  of<F extends Method>(mark: Mark, name: string, target: unknown, fn: F): F {
    const id = `${mark.node}/${mark.kind}/${name}`
    const factory = this.#factories.get(id) ?? factoryOf(mark, name)
    this.#factories.set(id, factory)
    const counter = { ...mark, calls: 0 }
    this.#counters.push(counter)
    return factory(target, fn, counter) as F // it takes and returns what `fn` does
  }

  /** The same for a method of an object. */
  method<T extends object, K extends keyof T>(mark: Mark, name: string, target: T, key: K): T[K] {
    const method: unknown = Reflect.get(target, key)
    return this.of(mark, name, target, method as Method) as T[K] // as the caller's types say
  }

  /** Marks these methods of one object, in place; others of its class stay as they are. */
  methods<T extends object>(
    target: T,
    node: number,
    name: string,
    kinds: { readonly [K in keyof T]?: MarkKind },
  ): T {
    for (const key of Object.keys(kinds)) {
      const method = key as keyof T // a key of `kinds`
      const kind = kinds[method]
      const isMarked = Object.hasOwn(target, key)
      if (kind === undefined || isMarked || typeof target[method] !== 'function') continue
      const shown = kind === 'record' ? name : `${name}.${key}`
      const value = this.method({ node, kind }, shown, target, method)
      Object.defineProperty(target, key, { value })
    }
    return target
  }

  get counts(): readonly MarkCount[] {
    return this.#counters.map((counter) => ({ ...counter }))
  }
}

/** Not by `new Function`: a script works also where code may not be generated from strings. */
function factoryOf({ node, kind }: Mark, name: string): Factory {
  const source = `(target, method, counter) => ({
  ${JSON.stringify(name)}(a, b, c, d) {
    counter.calls++
    return method.call(target, a, b, c, d)
  },
})[${JSON.stringify(name)}]`
  const script = new Script(source, { filename: `${SCHEME}${node}/${kind}` })
  return script.runInThisContext() as Factory // the text above
}
