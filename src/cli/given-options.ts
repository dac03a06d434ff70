/** From a command line to options: the layer of its flags, and what holds with the rest. */
import { resolve } from 'node:path'
import { loadOptions } from '../config/load.ts'
import { OPTION_KEYS, type OptionValues, optionSpec } from '../config/options.ts'
import { layerFromText, type OptionLayer, type ResolvedOptions } from '../config/resolve.ts'
import { MillraceError } from '../errors.ts'
import { moduleUrl } from '../runtime/module-url.ts'
import type { Invocation } from './command.ts'
import type { Terminal } from './terminal.ts'

/** Options given as flags. Throws `CONFIG_UNKNOWN_OPTION`, `CONFIG_INVALID`, `CLI_USAGE`. */
export function flagLayer(invocation: Invocation): OptionLayer {
  const given: { key: string; text: string; origin: string }[] = []
  for (const pair of invocation.values('set')) {
    const [key, text] = splitPair(pair, '--set')
    given.push({ key, text, origin: `--set ${key}` })
  }
  for (const key of OPTION_KEYS) {
    const spec = optionSpec(key)
    const { flag, type } = spec
    if (flag === undefined || !invocation.isSet(flag)) continue
    const switched = 'switchValue' in spec ? spec.switchValue : undefined
    const text = type === 'boolean' ? 'true' : (switched ?? invocation.values(flag).join())
    given.push({ key, text, origin: `--${flag}` })
  }
  return layerFromText('run', given)
}

/** The options that hold for this command line. */
export function commandOptions(
  invocation: Invocation,
  terminal: Terminal,
  code?: OptionLayer,
): Promise<ResolvedOptions> {
  const layers = code === undefined ? [] : [code]
  return loadOptions([...layers, flagLayer(invocation)], {
    workingDirectory: terminal.workingDirectory,
    environment: terminal.environment,
    configFile: invocation.value('config'),
  })
}

/** The folder of all jobs, as an absolute path. */
export async function jobsDirectory(invocation: Invocation, terminal: Terminal): Promise<string> {
  const { values } = await commandOptions(invocation, terminal)
  return resolve(terminal.workingDirectory, values.directory)
}

/** Where the keys are, with paths from the working directory. */
export function keysPlace(values: OptionValues, terminal: Terminal): string | undefined {
  return placeOf(values['encryption.keys'], terminal)
}

/** The same for those of the vault of subjects. */
export function subjectsPlace(values: OptionValues, terminal: Terminal): string | undefined {
  return placeOf(values['encryption.subjects'], terminal)
}

/** The same for those that sign. */
export function signingPlace(values: OptionValues, terminal: Terminal): string | undefined {
  return placeOf(values['signing.keys'], terminal)
}

function placeOf(place: string | undefined, { workingDirectory }: Terminal): string | undefined {
  return place?.replace(/^(file|module):(.+)$/s, (_, kind: string, path: string) => {
    return `${kind}:${resolve(workingDirectory, path)}`
  })
}

/** Where snapshots are or shall be: a URL as it is, a path from the working directory. */
export function givenPlace(given: string, { workingDirectory }: Terminal): string {
  return isUrl(given) ? given : resolve(workingDirectory, given)
}

/** Whether a place is told by a scheme; one letter and a colon is a drive of Windows. */
export function isUrl(given: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(given)
}

/** The module of a job that is given as a path from the working directory, or as a URL. */
export function jobModuleUrl(invocation: Invocation, terminal: Terminal): URL {
  const [module = ''] = invocation.positionals
  const isWhole = /^[a-z][a-z0-9+.-]+:\/\//i.test(module)
  return moduleUrl(isWhole ? module : resolve(terminal.workingDirectory, module))
}

/** Parameters given as `--param name=value`. */
export function paramsOf(invocation: Invocation): Readonly<Record<string, string>> {
  const pairs = invocation.values('param').map((pair) => splitPair(pair, '--param'))
  return Object.fromEntries(pairs)
}

/** A layer as the nested object that `run()` takes. */
export function nestedOptions(layer: OptionLayer): Readonly<Record<string, unknown>> {
  const nested: Record<string, unknown> = {}
  for (const [key, { value }] of layer.values) {
    const [group = key, name] = key.split('.')
    if (name === undefined) nested[group] = value
    else nested[group] = { ...(nested[group] as object | undefined), [name]: value } // made here
  }
  return nested
}

function splitPair(pair: string, flag: string): readonly [string, string] {
  const at = pair.indexOf('=')
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)]
  throw new MillraceError('CLI_USAGE', `${flag} ${pair}: there is no name and value`, {
    cure: `write ${flag} name=value`,
  })
}
