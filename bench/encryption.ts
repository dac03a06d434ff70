/** What does encryption cost? Checkpoints and restores with `encryption.keys` and without. */
import { keysIn } from './jobs/keys-in.ts'
import { benchmarkOverhead, PLAIN } from './jobs/overhead.ts'

await benchmarkOverhead({
  encrypted: {
    ...PLAIN,
    optionsFor: async (directory) => ({ encryption: { keys: await keysIn(directory, 'keys') } }),
  },
})
