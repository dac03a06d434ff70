/**
 * What one would write without an engine: a loop and a `Map`. Nothing survives a crash. It knows
 * the output that all others must have, too.
 */
import { Checksum, outputOf, textHash } from './checksum.ts'
import type { Measured, Task } from './contract.ts'
import { namedPayment, PAGES, payment, visit } from './draws.ts'
import { stopwatch } from './stopwatch.ts'
import { tables } from './tables.ts'
import { sumsOf } from './drawn-keys.ts'
import { linesOf } from './text.ts'
import { answersTwice } from './texts.ts'

const LIST_LENGTH = 100

export async function byHand(task: Task): Promise<Measured> {
  const out = new Checksum()
  const stop = stopwatch()
  if (task.work === 'snapshots') {
    const output = answersTwice(task.records)
    return { ...stop(), output }
  }
  if (task.memoryMb !== undefined) {
    const output = sumsOf(task.input)
    return { ...stop(), output }
  }
  // As many records as a machine takes in half a minute.
  if (task.work === 'latency') return tables({ ...task, work: 'sum-number' })
  if (task.work === 'map') {
    countPages(task, out)
    return { ...stop(), output: outputOf([out]) }
  }
  if (task.work === 'list') {
    addHundreds(task, out)
    return { ...stop(), output: outputOf([out]) }
  }
  if (task.work === 'exchange') {
    passOn(task, out)
    return { ...stop(), output: outputOf([out]) }
  }
  if (task.work === 'sum-number') {
    return measured(
      stop,
      out,
      sum(task, payment(task.keys), (key) => key, out),
      (key) => key,
    )
  }
  const results =
    task.work === 'words'
      ? await countWords(task, out)
      : sum(task, namedPayment(task.keys), textHash, out)
  return measured(stop, out, results, textHash)
}

function measured<K>(
  stop: () => { ms: number; cpuMs: number },
  out: Checksum,
  results: ReadonlyMap<K, number>,
  hash: (key: K) => number,
): Measured {
  const time = stop()
  const last = new Checksum()
  for (const [key, value] of results) last.add(hash(key), value)
  return { ...time, output: outputOf([out]), last: outputOf([last]) }
}

async function countWords({ input }: Task, out: Checksum): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for await (const lines of linesOf(input)) {
    for (const line of lines) {
      for (const word of line.split(' ')) {
        const count = (counts.get(word) ?? 0) + 1
        counts.set(word, count)
        out.add(textHash(word), count)
      }
    }
  }
  return counts
}

function sum<K>(
  { records }: Task,
  draw: (number: number) => { readonly account: K; readonly amount: number },
  hash: (key: K) => number,
  out: Checksum,
): Map<K, number> {
  const sums = new Map<K, number>()
  for (let number = 0; number < records; number++) {
    const { account, amount } = draw(number)
    const total = (sums.get(account) ?? 0) + amount
    sums.set(account, total)
    out.add(hash(account), total)
  }
  return sums
}

/** There is nobody to exchange with. */
function passOn({ records, keys }: Task, out: Checksum): void {
  const draw = payment(keys)
  for (let number = 0; number < records; number++) {
    const { account, amount } = draw(number)
    out.add(account, amount)
  }
}

function countPages({ records, keys }: Task, out: Checksum): void {
  const users = new Map<number, Int32Array>()
  const draw = visit(keys)
  for (let number = 0; number < records; number++) {
    const { user, page } = draw(number)
    let counts = users.get(user)
    if (counts === undefined) users.set(user, (counts = new Int32Array(PAGES)))
    const count = (counts[page] ?? 0) + 1
    counts[page] = count
    out.add((Math.imul(user, 31) + page) | 0, count)
  }
}

function addHundreds({ records, keys }: Task, out: Checksum): void {
  const users = new Map<number, number[]>()
  const draw = visit(keys)
  for (let number = 0; number < records; number++) {
    const { user, page } = draw(number)
    let list = users.get(user)
    if (list === undefined) users.set(user, (list = []))
    if (list.push(page) < LIST_LENGTH) continue
    let total = 0
    for (const each of list) total += each
    list.length = 0
    out.add(user, total)
  }
}
