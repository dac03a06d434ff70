/** RxJS: a stream is grouped by key, and each group folded. Nothing survives a crash. */
import { Checksum, outputOf, textHash } from '../suite/checksum.ts'
import type { Measured, Task } from '../suite/contract.ts'
import { payment } from '../suite/draws.ts'
import { stopwatch } from '../suite/stopwatch.ts'
import { linesOf } from '../suite/text.ts'

/** As far as it is used here: it is installed for the bench alone, so its types may be missing. */
interface Rx {
  readonly Subject: new <T>() => Stream<T> & { next(value: T): void; complete(): void }
  groupBy<T, K>(key: (value: T) => K): Operator<T, Group<T, K>>
  mergeMap<T, R>(fn: (value: T) => Stream<R>): Operator<T, R>
  scan<T, R>(fn: (result: R, value: T) => R, seed: R): Operator<T, R>
  map<T, R>(fn: (value: T) => R): Operator<T, R>
}

declare const into: unique symbol
interface Operator<T, R> {
  readonly [into]: (value: T) => R
}

interface Stream<T> {
  pipe<R>(operator: Operator<T, R>): Stream<R>
  pipe<S, R>(first: Operator<T, S>, second: Operator<S, R>): Stream<R>
  subscribe(observer: { next(value: T): void; error(error: unknown): void }): unknown
}

interface Group<T, K> extends Stream<T> {
  readonly key: K
}

interface Update<K> {
  readonly key: K
  readonly value: number
}

export async function rxjs(task: Task): Promise<Measured> {
  const name: string = 'rxjs'
  const rx = (await import(name)) as Rx // its documented functions
  const out = new Checksum()
  const stop = stopwatch()
  if (task.work === 'words') await countWords(rx, task, out)
  else if (task.work === 'sum-number') sumNumbers(rx, task, out)
  else throw new Error(`there is nothing in RxJS for ${task.work}`)
  return { ...stop(), output: outputOf([out]) }
}

/** Folds each group and takes the checksum of all running results. */
function fold<T, K>(
  rx: Rx,
  keyOf: (value: T) => K,
  add: (result: number, value: T) => number,
  emit: (update: Update<K>) => void,
) {
  const subject = new rx.Subject<T>()
  const updates = subject.pipe(
    rx.groupBy(keyOf),
    rx.mergeMap((group: Group<T, K>) =>
      group.pipe(
        rx.scan(add, 0),
        rx.map((value: number): Update<K> => ({ key: group.key, value })),
      ),
    ),
  )
  updates.subscribe({
    next: emit,
    error: (error) => {
      throw error
    },
  })
  return subject
}

async function countWords(rx: Rx, { input }: Task, out: Checksum): Promise<void> {
  const words = fold<string, string>(
    rx,
    (word) => word,
    (count) => count + 1,
    ({ key, value }) => out.add(textHash(key), value),
  )
  for await (const lines of linesOf(input)) {
    for (const line of lines) for (const word of line.split(' ')) words.next(word)
  }
  words.complete()
}

function sumNumbers(rx: Rx, { records, keys }: Task, out: Checksum): void {
  const draw = payment(keys)
  const payments = fold<ReturnType<typeof draw>, number>(
    rx,
    ({ account }) => account,
    (sum, { amount }) => sum + amount,
    ({ key, value }) => out.add(key, value),
  )
  for (let number = 0; number < records; number++) payments.next(draw(number))
  payments.complete()
}
