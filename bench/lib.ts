/**
 * What the programs of this folder share. A program has contenders, each one run of a job; they
 * take turns, a fresh process each time, so that none is warmed up or slowed down by another one.
 * What a run measures goes to the parent, which keeps medians and quartiles.
 */
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'

/** What one run measured, by name. */
export type Measures = Readonly<Record<string, number>>

/** What all rounds measured: by contender, by name. */
export class Rounds {
  readonly #runs = new Map<string, Measures[]>()

  add(contender: string, measures: Measures): void {
    this.#runs.set(contender, [...this.of(contender), measures])
  }

  of(contender: string): readonly Measures[] {
    return this.#runs.get(contender) ?? []
  }

  values(contender: string, measure: string): readonly number[] {
    return this.of(contender).map((measures) => {
      const value = measures[measure]
      if (value === undefined) throw new Error(`${contender} did not measure ${measure}`)
      return value
    })
  }
}

/** One line of the table. */
export interface Figure {
  readonly name: string
  /** One for each round. */
  readonly values: readonly number[]
  readonly unit: string
  /** Absent: the figure is information. */
  readonly target?: { readonly atLeast: number } | { readonly atMost: number }
}

export interface Benchmark {
  readonly contenders: Readonly<Record<string, () => Promise<Measures>>>
  readonly figures: (rounds: Rounds) => readonly Figure[]
}

/** Runs a program: all rounds, or, called by itself in a child process, one contender once. */
export async function benchmark({ contenders, figures }: Benchmark): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '5' }, contender: { type: 'string' } },
  })
  if (values.contender !== undefined) {
    const run = contenders[values.contender]
    if (run === undefined) throw new Error(`there is no contender ${values.contender}`)
    process.send?.(await run())
    return
  }
  const rounds = new Rounds()
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const contender of Object.keys(contenders)) {
      const [measures] = await messagesOf(process.argv[1] ?? '', ['--contender', contender])
      // A contender sends what it measured, see above.
      rounds.add(contender, measures as Measures)
    }
  }
  const result = figures(rounds)
  if (process.send === undefined) printFigures(result)
  else process.send(result)
}

/** Runs a program as a process of its own; resolves with what it sent when it has ended well. */
export function messagesOf(
  file: string,
  args: readonly string[],
  execArgv: readonly string[] = process.execArgv,
): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    const messages: unknown[] = []
    const child = fork(file, args, { execArgv: [...execArgv] })
    child.on('message', (message) => messages.push(message))
    child.on('error', reject)
    child.on('exit', (code) => {
      if (code === 0) resolve(messages)
      else reject(new Error(`${file} ${args.join(' ')} ended with code ${code}`))
    })
  })
}

/** The value at `share` of the way through the sorted values; 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const [low = Number.NaN, high = low] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return low + (high - low) * (at - Math.floor(at))
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** How near the median is to the target: 1 and above is reached. */
export function ratioOf({ values, target }: Figure): number | undefined {
  if (target === undefined) return undefined
  return 'atLeast' in target ? median(values) / target.atLeast : target.atMost / median(values)
}

export function printHeader(): void {
  const cells = ['figure'.padEnd(52), 'median', 'quartiles', 'unit', 'target', 'ratio']
  console.log(line(cells))
}

export function printFigures(figures: readonly Figure[]): void {
  for (const figure of figures) {
    const { name, values, unit, target } = figure
    const quartiles = `${shown(quantile(values, 0.25))} … ${shown(quantile(values, 0.75))}`
    const goal =
      target === undefined
        ? ''
        : 'atLeast' in target
          ? `≥ ${shown(target.atLeast)}`
          : `≤ ${shown(target.atMost)}`
    const ratio = ratioOf(figure)
    const reached = ratio === undefined ? '' : ratio.toFixed(2)
    console.log(line([name.padEnd(52), shown(median(values)), quartiles, unit, goal, reached]))
  }
}

function line([
  name = '',
  value = '',
  quartiles = '',
  unit = '',
  target = '',
  ratio = '',
]: string[]) {
  const left = `${name} ${value.padStart(8)}  ${quartiles.padEnd(17)} ${unit.padEnd(12)}`
  return `${left} ${target.padEnd(8)} ${ratio}`.trimEnd()
}

function shown(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** A folder of its own for one run; removed afterwards. */
export async function inFolder<R>(action: (folder: string) => Promise<R>): Promise<R> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  try {
    return await action(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Looks at the memory of this process now and then; `stop` gives the most and the median. */
export function watchMemory(everyMs = 50): { stop(): { peakMb: number; medianMb: number } } {
  const seen: number[] = []
  const timer = setInterval(() => seen.push(process.memoryUsage.rss() / 1e6), everyMs)
  return {
    stop() {
      clearInterval(timer)
      seen.push(process.memoryUsage.rss() / 1e6)
      return { peakMb: Math.max(...seen), medianMb: median(seen) }
    },
  }
}

/** Resolves when the condition holds; looks each millisecond. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(1)
}
