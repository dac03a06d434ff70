/**
 * `@electric-sql/d2ts`, differential dataflow: a version for each thousand records, in which each
 * key has one new result; for each record it is many times slower. Results are changes, and the
 * last ones are compared.
 */
import { Checksum, outputOf, textHash } from '../suite/checksum.ts'
import type { Measured, Task } from '../suite/contract.ts'
import { payment } from '../suite/draws.ts'
import { stopwatch } from '../suite/stopwatch.ts'
import { linesOf } from '../suite/text.ts'

const BATCH_RECORDS = 1_000

type Weighted<T> = [value: T, multiplicity: number]

/** As far as it is used here: it is installed for the bench alone, so its types may be missing. */
interface D2ts {
  readonly D2: new (options: { initialFrontier: number }) => Graph
  readonly MultiSet: new <T>(values: readonly Weighted<T>[]) => object
  count(): object
  reduce(fn: (values: readonly Weighted<number>[]) => readonly Weighted<number>[]): object
  output(fn: (message: Message) => void): object
}

interface Graph {
  newInput(): Input
  finalize(): void
  run(): void
}

interface Input {
  pipe(...operators: readonly object[]): object
  sendData(version: number, values: object): void
  sendFrontier(version: number): void
}

/** Data, or a frontier, which has no collection. */
interface Message {
  readonly data: { readonly collection?: Collection }
}

interface Collection {
  getInner(): readonly Weighted<readonly [key: unknown, value: number]>[]
}

export async function d2ts(task: Task): Promise<Measured> {
  const name: string = '@electric-sql/d2ts'
  const library = (await import(name)) as D2ts // its documented functions
  const stop = stopwatch()
  const last = await resultsOf(library, task)
  const time = stop()
  const out = new Checksum()
  for (const [key, value] of last) out.add(typeof key === 'string' ? textHash(key) : key, value)
  return { ...time, output: outputOf([out]) }
}

async function resultsOf(library: D2ts, task: Task): Promise<Map<string | number, number>> {
  const results = new Map<string | number, number>()
  const output = library.output(({ data: { collection } }) => {
    for (const [[key, value], multiplicity] of collection?.getInner() ?? []) {
      // Keys are those that went in. What is withdrawn comes beside what replaces it.
      if (multiplicity > 0) results.set(key as string | number, value)
    }
  })
  const graph = new library.D2({ initialFrontier: 0 })
  const input = graph.newInput()
  if (task.work === 'words') input.pipe(library.count(), output)
  else input.pipe(library.reduce(weightedSum), output)
  graph.finalize()
  let version = 0
  let batch: Weighted<readonly [string | number, number]>[] = []
  const send = (): void => {
    input.sendData(version, new library.MultiSet(batch))
    input.sendFrontier(++version)
    graph.run()
    batch = []
  }
  const add = (key: string | number, value: number): void => {
    if (batch.push([[key, value], 1]) === BATCH_RECORDS) send()
  }
  await feed(task, add)
  if (batch.length > 0) send()
  return results
}

function weightedSum(values: readonly Weighted<number>[]): readonly Weighted<number>[] {
  let sum = 0
  for (const [value, multiplicity] of values) sum += value * multiplicity
  return [[sum, 1]]
}

async function feed(
  { work, records, keys, input }: Task,
  add: (key: string | number, value: number) => void,
): Promise<void> {
  if (work === 'words') {
    for await (const lines of linesOf(input)) {
      for (const line of lines) for (const word of line.split(' ')) add(word, 1)
    }
  } else if (work === 'sum-number') {
    const draw = payment(keys)
    for (let number = 0; number < records; number++) {
      const { account, amount } = draw(number)
      add(account, amount)
    }
  } else throw new Error(`there is nothing in d2ts for ${work}`)
}
