/** What a job with `shredBy` must have: keys of subjects, and barriers that overtake nothing. */
import type { WorkerSettings } from '../checkpoint/settings.ts'
import { MillraceError } from '../errors.ts'
import type { JobGraph } from '../graph/job-graph.ts'
import { requireNoPlainRecords } from './encryption.ts'

/**
 * The settings of a job as they are for its graph: records that a barrier overtakes lie in the
 * checkpoint as they are, whoever they are of, so where subjects can be erased none does.
 *
 * @throws `SUBJECT_KEYS_MISSING`, `CONFIG_INVALID`; `ENCRYPTION_UNSUPPORTED` for sources that keep
 *   records in the clear
 */
export function settingsFor(graph: JobGraph, settings: WorkerSettings): WorkerSettings {
  requireNoPlainRecords(graph, settings.encryptionKeys)
  const node = graph.vertices
    .flatMap(({ nodes }) => nodes)
    .find((each) => each.kind === 'operator' && each.key?.shredBy !== undefined)
  if (node === undefined) return settings
  if (!settings.hasSubjects) {
    const message = `"${node.label}" declares shredBy, and the job has no keys of subjects`
    throw new MillraceError('SUBJECT_KEYS_MISSING', message, {
      cure: 'give encryption.keys and encryption.subjects, or leave out shredBy',
    })
  }
  if (settings.alignmentTimeoutMs === 0) {
    const message = `"${node.label}" declares shredBy, and barriers overtake records at once`
    throw new MillraceError('CONFIG_INVALID', message, {
      cure: 'leave out checkpointing.unaligned: what they overtake would be stored unsealed',
    })
  }
  return { ...settings, alignmentTimeoutMs: Number.POSITIVE_INFINITY }
}
