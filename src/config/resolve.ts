/**
 * From layers of given values to one value for each option: defaults < options in code < config
 * file < environment < flags or `run()` options. Pure; `load.ts` reads the layers. Each value
 * keeps its origin, so `millrace config` and every message can say where it came from.
 */
import { MillraceError } from '../errors.ts'
import { nearestName } from '../util/nearest.ts'
import type { OptionPlace } from './option-spec.ts'
import {
  isAllowedIn,
  isOptionKey,
  OPTION_KEYS,
  type OptionKey,
  optionSpec,
  type OptionValues,
} from './options.ts'
import { type OptionValue, parseOptionValue } from './values.ts'

/** Values given in one place; later layers win. */
export interface OptionLayer {
  readonly place: OptionPlace
  /** Of each key: the parsed value and how to name its origin (`environment MILLRACE_MEMORY`). */
  readonly values: ReadonlyMap<OptionKey, GivenValue>
}

export interface GivenValue {
  readonly value: OptionValue
  readonly origin: string
}

export interface ResolvedOptions {
  readonly values: OptionValues
  /** Where each value came from: `default`, `code`, a file name, a variable or a flag. */
  readonly origins: Readonly<Record<OptionKey, string>>
}

const placeNames: Readonly<Record<OptionPlace, string>> = {
  code: "the job's options in code",
  file: 'a config file',
  environment: 'the environment',
  run: 'flags or run() options',
}

/**
 * A layer from an object whose nesting follows the dots of the keys, such as
 * `{ checkpointing: { keep: 5 } }`.
 * A value of `undefined` counts as not given.
 *
 * @param place where the object was given.
 * @param origin how to name it in messages and in `millrace config`.
 * @throws `CONFIG_UNKNOWN_OPTION` naming the nearest right key; `CONFIG_INVALID` for a wrong value.
 */
export function layerFromObject(place: OptionPlace, origin: string, object: object): OptionLayer {
  const values = new Map<OptionKey, GivenValue>()
  const walk = (group: object, prefix: string): void => {
    for (const [name, value] of Object.entries(group)) {
      const key = prefix + name
      if (value === undefined) continue
      if (isOptionKey(key)) {
        requireAllowed(key, place, origin)
        values.set(key, { value: parseGiven(key, value, origin), origin })
      } else if (isGroup(key) && typeof value === 'object' && value !== null) {
        walk(value, `${key}.`)
      } else if (isGroup(key)) {
        throw new MillraceError(
          'CONFIG_INVALID',
          `${key} (from ${origin}) holds options, it is no value`,
          {
            cure: `write ${key}: { ${keysOfGroup(key)[0]?.slice(key.length + 1) ?? ''}: … }`,
          },
        )
      } else throw unknownOption(key, origin)
    }
  }
  walk(object, '')
  return { place, values }
}

/** A layer from dotted keys and text, as flags and `--set` give them. */
export function layerFromText(
  place: OptionPlace,
  given: Iterable<{ readonly key: string; readonly text: string; readonly origin: string }>,
): OptionLayer {
  const values = new Map<OptionKey, GivenValue>()
  for (const { key, text, origin } of given) {
    if (!isOptionKey(key)) throw unknownOption(key, origin)
    requireAllowed(key, place, origin)
    values.set(key, { value: parseOptionValue(key, text, origin), origin })
  }
  return { place, values }
}

/**
 * The value and origin of every option. Layers may come in any order: their places decide.
 *
 * @param machineMemoryBytes what the container or machine has; `memory` defaults to its share.
 * @throws `CONFIG_INVALID` if values do not go together.
 */
export function resolveOptions(
  layers: readonly OptionLayer[],
  machineMemoryBytes: number,
): ResolvedOptions {
  const order: readonly OptionPlace[] = ['code', 'file', 'environment', 'run']
  const sorted = order.flatMap((place) => layers.filter((layer) => layer.place === place))
  const values: Partial<Record<OptionKey, OptionValue | undefined>> = {}
  const origins: Partial<Record<OptionKey, string>> = {}
  for (const key of OPTION_KEYS) {
    const winner = sorted.findLast((layer) => layer.values.has(key))?.values.get(key)
    values[key] = winner?.value ?? defaultValue(key, machineMemoryBytes)
    origins[key] = winner?.origin ?? 'default'
  }
  // Every key of the table has been set, each to a value that its own entry has checked.
  const resolved = { values: values as OptionValues, origins: origins as Record<OptionKey, string> }
  checkTogether(resolved)
  return resolved
}

/** The share of the machine's memory that is taken where nothing is said. */
const DEFAULT_MEMORY_SHARE = 0.25

function defaultValue(key: OptionKey, machineMemoryBytes: number): OptionValue | undefined {
  if (key !== 'memory') return optionSpec(key).default
  const spec = optionSpec(key)
  const leastBytes = spec.type === 'size' ? (spec.min ?? 0) : 0
  return Math.max(leastBytes, wholeMebibytes(machineMemoryBytes * DEFAULT_MEMORY_SHARE))
}

function wholeMebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 ** 2) * 1024 ** 2
}

function checkTogether({ values, origins }: ResolvedOptions): void {
  if (values.parallelism > values.maxParallelism) {
    throw new MillraceError(
      'CONFIG_INVALID',
      `parallelism ${values.parallelism} (from ${origins.parallelism}) is above ` +
        `maxParallelism ${values.maxParallelism} (from ${origins.maxParallelism})`,
      { cure: 'lower the one, or raise the other before the first checkpoint' },
    )
  }
  const isUnaligned = values['checkpointing.unaligned'] === 'always'
  if (isUnaligned && values['checkpointing.mode'] === 'at-least-once') {
    const message = 'checkpointing.unaligned always needs checkpointing.mode exactly-once'
    throw new MillraceError('CONFIG_INVALID', message, {
      cure: 'leave out checkpointing.unaligned: in mode at-least-once no task waits for barriers',
    })
  }
  const isConcurrent = values['checkpointing.maxConcurrent'] > 1
  if (isConcurrent && values['checkpointing.mode'] === 'at-least-once') {
    const message = 'checkpointing.mode at-least-once takes one checkpoint at a time'
    throw new MillraceError('CONFIG_INVALID', message, {
      cure: 'leave out checkpointing.maxConcurrent, or use exactly-once',
    })
  }
  const interval = values['checkpointing.interval']
  const duringBacklog = values['checkpointing.intervalDuringBacklog'] ?? interval
  if (duringBacklog !== 0 && duringBacklog < interval) {
    const key = 'checkpointing.intervalDuringBacklog'
    throw new MillraceError(
      'CONFIG_INVALID',
      `${key} ${duringBacklog} ms (from ${origins[key]}) is below checkpointing.interval ` +
        `${interval} ms (from ${origins['checkpointing.interval']})`,
      { cure: 'make it longer than the interval, or 0 for none until sources have caught up' },
    )
  }
  if (values.fresh && values.from !== undefined) {
    throw new MillraceError('CONFIG_INVALID', 'fresh and from exclude each other', {
      cure: 'give --from to go on from a snapshot, or --fresh to begin without one',
    })
  }
}

function unknownOption(key: string, origin: string): MillraceError {
  const near = nearestName(key, OPTION_KEYS)
  return new MillraceError('CONFIG_UNKNOWN_OPTION', `there is no option ${key} (from ${origin})`, {
    ...(near === undefined ? {} : { cure: `did you mean ${near}?` }),
    details: { option: key, ...(near === undefined ? {} : { nearest: near }) },
  })
}

function requireAllowed(key: OptionKey, place: OptionPlace, origin: string): void {
  if (isAllowedIn(key, place)) return
  const allowed = optionSpec(key).places ?? []
  throw new MillraceError('CONFIG_INVALID', `${key} cannot be set in ${origin}`, {
    cure: `it may stand in ${allowed.map((each) => placeNames[each]).join(', ')}`,
  })
}

/** In code a backend may be an object of any name: whoever wrote it brings it along. */
function parseGiven(key: OptionKey, value: unknown, origin: string): OptionValue {
  const isObject = optionSpec(key).type === 'backend' && typeof value === 'object' && value !== null
  if (isObject && 'name' in value && typeof value.name === 'string') return value.name
  return parseOptionValue(key, value, origin)
}

function isGroup(key: string): boolean {
  return keysOfGroup(key).length > 0
}

function keysOfGroup(group: string): readonly OptionKey[] {
  return OPTION_KEYS.filter((key) => key.startsWith(`${group}.`))
}
