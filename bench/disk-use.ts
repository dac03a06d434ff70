/**
 * How many bytes lie on the disk while a thousand checkpoints are taken (`CHECKPOINTS=100` for
 * fewer), beside those that a single snapshot of the same state takes? One key in a hundred changes
 * between two checkpoints; three are kept, as by default.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'millrace'
import {
  benchmark,
  type Figure,
  inFolder,
  type Measures,
  median,
  quantile,
  type Rounds,
  until,
} from './lib.ts'
import { Listener, tell } from './jobs/probe.ts'

const CHECKPOINTS = Number(process.env['CHECKPOINTS'] ?? 1_000)
/** Before that the first snapshot, of all keys, is young. */
const WARM_UP = CHECKPOINTS / 5
const states = ['value', 'windows'] as const
type State = (typeof states)[number]

/** Bytes of all files below a folder; those that vanish meanwhile do not count. */
function bytesBelow(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0
  }
  return bytes
}

function measure(state: State): Promise<Measures> {
  return inFolder(async (directory) => {
    const turns = new Listener<number>('disk-use')
    const handle = await run(new URL('./jobs/disk-use.ts', import.meta.url), {
      params: { state },
      directory,
      backend: 'hashmap',
      checkpointing: { interval: '1 h' },
    })
    const onDisk: number[] = []
    const storage = join(directory, 'disk-use', 'checkpoints')
    for (let turn = 0; turn < CHECKPOINTS; turn++) {
      await until(() => turns.messages.length > turn)
      await handle.checkpoint()
      if (turn >= WARM_UP) onDisk.push(bytesBelow(storage))
      tell('disk-use-orders', 'next turn')
    }
    const atEnd = bytesBelow(storage)
    await handle.checkpoint({ full: true })
    const savepoint = join(directory, 'savepoint')
    await handle.savepoint(savepoint)
    const live = bytesBelow(savepoint)
    await handle.cancel()
    turns.close()
    return {
      liveMb: live / 1e6,
      medianShare: median(onDisk) / live,
      mostShare: quantile(onDisk, 1) / live,
      endShare: atEnd / live,
    }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  return states.flatMap((state) => {
    const of = (name: string, measured: string, unit: string, atMost?: number): Figure => ({
      name: `disk of ${state}: ${name}`,
      values: rounds.values(state, measured),
      unit,
      ...(atMost === undefined ? {} : { target: { atMost } }),
    })
    return [
      of('one snapshot', 'liveMb', 'MB'),
      of(`median over ${CHECKPOINTS} checkpoints`, 'medianShare', '× that', 1.5),
      of('most', 'mostShare', '× that'),
      of('at the end', 'endShare', '× that'),
    ]
  })
}

const contenders = states.map((state) => [state, () => measure(state)] as const)
await benchmark({ contenders: Object.fromEntries(contenders), figures })
