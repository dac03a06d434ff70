/**
 * What does `shredBy` cost? Checkpoints and restores of 100,000 accounts, each sealed under the key
 * of one of 1,000 owners, beside those of a job that is encrypted as a whole only. There is no
 * target: whoever must be able to forget pays for it (bench/sealing.ts measures single entries).
 */
import { FEW_KEYS } from './jobs/changes.ts'
import { keysIn } from './jobs/keys-in.ts'
import { benchmarkOverhead } from './jobs/overhead.ts'

await benchmarkOverhead(
  {
    shredded: {
      job: './shredded.ts',
      keys: FEW_KEYS,
      async optionsFor(directory) {
        const keys = await keysIn(directory, 'keys')
        return { encryption: { keys, subjects: await keysIn(directory, 'subject-keys') } }
      },
    },
  },
  {
    job: './few-changes.ts',
    keys: FEW_KEYS,
    optionsFor: async (directory) => ({ encryption: { keys: await keysIn(directory, 'keys') } }),
  },
  false,
)
