/**
 * The process that looks for one planted bug: `hunter.ts <name> <first> <last>`; without a bug if
 * the name is `-`. Tells its parent what each seed came to, and ends at the first that failed.
 */
import { bugs } from './catalogue.ts'
import { plant } from './hook.ts'

const [name = '', first = '', last = ''] = process.argv.slice(2)

// A terminal interrupts the whole group; the parent decides what becomes of it.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit(0))

async function main(): Promise<void> {
  const bug = bugs.find((each) => each.name === name)
  if (bug === undefined && name !== '-') throw new Error(`there is no planted bug "${name}"`)
  const isLoaded = bug === undefined ? () => true : plant(bug)
  // Only now: it brings the engine in.
  const { runAndCheck } = await import('../cli/seed-runner.ts')
  // What only helper threads load.
  await import('../tables/helper-side.ts')
  if (!isLoaded()) throw new Error(`planted bug "${name}": no seed runs ${bug?.file}`)
  for (let seed = Number(first); seed <= Number(last); seed++) {
    const { failure, virtualMs } = await runAndCheck(seed)
    await new Promise((resolve) => process.send?.({ failure, virtualMs }, resolve))
    if (failure !== undefined) break
  }
  process.exit(0)
}

await main()
