/** From a lead to the attempt that goes on from it: the options it runs with, where it writes. */
import { writeSavepoint } from '../checkpoint/savepoint.ts'
import { Attempt } from './attempt.ts'
import type { AttemptSetup } from './attempt-setup.ts'
import { type ConfiguredJob, protocolOptions } from './job-setup.ts'
import type { Lead } from './lead.ts'

/** What a lead and the options do not say. */
interface AttemptParts extends Omit<
  AttemptSetup,
  keyof Lead | 'store' | 'protocol' | 'keep' | 'writeSavepoint' | 'at'
> {
  readonly configured: ConfiguredJob
  readonly lead: Lead
}

export function newAttempt(parts: AttemptParts): Attempt {
  const { configured, lead, ...rest } = parts
  const { host } = rest
  const { store, resolved } = configured
  return new Attempt({
    ...lead,
    ...rest,
    store,
    protocol: protocolOptions(resolved.values),
    keep: resolved.values['checkpointing.keep'],
    writeSavepoint: async (link, directory) => {
      const target = await host.openStore(directory)
      await writeSavepoint(store, link, target)
      await target.close()
    },
    at: (point) => host.at(point),
  })
}
