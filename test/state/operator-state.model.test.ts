// Random changes, snapshots and restores at other parallelisms of lists, union lists and broadcast
// maps: they are always those of plain lists and a plain map.
import { it } from 'node:test'
import { checkCommands } from './model/commands.ts'
import { OperatorStates } from './model/operator-state.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)

it(`operator and broadcast state agree with their model (seed ${SEED})`, async () => {
  await checkCommands({
    name: 'operator state',
    commands: 10_000,
    perRun: 300,
    seed: SEED,
    expect: ['add', 'update', 'rule', 'snapshot', 'restore', 'compare'],
    open: async () => new OperatorStates(),
  })
})
