/**
 * A sink into an array, for tests and scripts that run a job in their own thread. Exactly-once: the
 * committables carry the values, which appear in the array when their checkpoint is complete, once,
 * also if the job fails and restarts in between.
 */
import { sinkBrand } from '../operators/sink.ts'
import type { CommitRequest, CommitScope, Sink, WriterContext } from '../operators/sink.ts'
import { dynamicType } from '../types/dynamic.ts'
import { t } from '../types/t.ts'
import type { Type } from '../types/type.ts'
import { sink, twoPhaseCommitSink } from './define-sink.ts'
import { checkOptions, invalidOption } from './options.ts'

export interface CollectOptions<T> {
  /** `at-least-once`: records appear at once. Default: `exactly-once`. */
  readonly guarantee?: 'exactly-once' | 'at-least-once'
  /** Type of the records. Default: any plain value. */
  readonly type?: Type<T>
}

/** The values of one subtask between two checkpoints. */
export interface CollectedPart<T> {
  readonly id: string
  readonly values: T[]
}

/**
 * @throws `CONFIG_INVALID` if `into` is no array.
 * @example
 * const counts: Count[] = []
 * stream.sinkTo('counts', collectSink(counts))
 */
export function collectSink<T>(
  into: T[],
  options: CollectOptions<T> = {},
): Sink<T, CollectedPart<T>> {
  checkOptions('collectSink()', options, ['guarantee', 'type'])
  const { guarantee = 'exactly-once', type = dynamicType<T>() } = options
  if (!Array.isArray(into)) throw invalidOption('collectSink()', 'into', into, 'an array')
  if (guarantee === 'exactly-once') return collectExactlyOnce(into, type)
  if (guarantee !== 'at-least-once') {
    const wanted = '"exactly-once" or "at-least-once"'
    throw invalidOption('collectSink()', 'guarantee', guarantee, wanted)
  }
  return sink<T>({
    name: 'collect',
    write(values) {
      for (const value of values) into.push(type.isolate(value))
    },
  })
}

/** A sink that collects, together with the array it fills. */
export interface Collected<T> extends Sink<T, CollectedPart<T>> {
  readonly values: readonly T[]
}

/**
 * As `collectSink`, with an array of its own.
 *
 * @example
 * const counts = collect<Count>()
 * stream.sinkTo('counts', counts)
 * // … after the job: counts.values
 */
export function collect<T>(options: CollectOptions<T> = {}): Collected<T> {
  const values: T[] = []
  return Object.freeze({ ...collectSink(values, options), [sinkBrand]: true as const, values })
}

function collectExactlyOnce<T>(into: T[], type: Type<T>): Sink<T, CollectedPart<T>> {
  /** For each value of `into`, the part that brought it; what others put there has none. */
  let owners: (string | undefined)[] = []
  const visible = new Set<string>()
  return twoPhaseCommitSink<T, CollectedPart<T>>({
    name: 'collect',
    committable: t.struct({ id: t.string, values: t.list(type) }),
    canWithdraw: true,
    createWriter(context) {
      const values: T[] = []
      return {
        write(taken) {
          for (const value of taken) values.push(type.isolate(value))
        },
        prepareCommit: (scope) =>
          values.length === 0 ? [] : [{ id: partId(context, scope), values: [...values] }],
      }
    },
    createCommitter: () => ({
      commit({ committable: { id, values } }: CommitRequest<CollectedPart<T>>) {
        if (visible.has(id)) return
        visible.add(id)
        owners.length = into.length
        for (const value of values) {
          into.push(value)
          owners.push(id)
        }
      },
      withdraw({ committable: { id } }: CommitRequest<CollectedPart<T>>) {
        if (!visible.delete(id)) return
        const kept = into.filter((_, index) => owners[index] !== id)
        owners = owners.filter((owner) => owner !== id)
        into.splice(0, into.length, ...kept)
      },
    }),
  })
}

/** Never the same for two parts: an attempt that died has another epoch or checkpoint. */
function partId({ uid, subtaskIndex }: WriterContext, scope: CommitScope): string {
  const { jobName, lineage, leaderEpoch, checkpointId } = scope
  return [jobName, lineage, uid, leaderEpoch, checkpointId, subtaskIndex].join('/')
}
