/** From a lead to the attempt that goes on from it: the options it runs with, where it writes. */
import { Attempt } from './attempt.ts'
import type { AttemptSetup } from './attempt-setup.ts'
import { checkpointOptions, type ConfiguredJob } from './job-setup.ts'
import type { Lead } from './lead.ts'
import { savepointWriter, type Stopping } from './stopping.ts'

/** What a lead and the options do not say. */
interface AttemptParts extends Omit<
  AttemptSetup,
  keyof Lead | 'store' | 'protocol' | 'pace' | 'keep' | 'writeSavepoint' | 'at'
> {
  readonly configured: ConfiguredJob
  readonly lead: Lead
  /** The wish to stop, when there is one. */
  readonly stopping: () => Stopping | undefined
}

export function newAttempt(parts: AttemptParts): Attempt {
  const { configured, lead, stopping, ...rest } = parts
  const { host } = rest
  const { store, resolved } = configured
  return new Attempt({
    ...lead,
    ...rest,
    store,
    ...checkpointOptions(resolved.values),
    writeSavepoint: savepointWriter(host, store, stopping),
    at: (point) => host.at(point),
  })
}
