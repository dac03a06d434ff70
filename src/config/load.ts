/**
 * Reads the places where options are given: the config file, the environment and the machine.
 * What they mean together is `resolve.ts`. This and the CLI are the only parts of Millrace that
 * look at files or variables for options; the engine is handed resolved values.
 */
import { existsSync, readFileSync } from 'node:fs'
import { basename, extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { parse as ParseYaml } from 'yaml'
import { MillraceError, messageOf } from '../errors.ts'
import { machineMemoryBytes } from '../util/machine-memory.ts'
import { nearestName } from '../util/nearest.ts'
import { environmentName, OPTION_KEYS } from './options.ts'
import {
  layerFromObject,
  layerFromText,
  type OptionLayer,
  type ResolvedOptions,
  resolveOptions,
} from './resolve.ts'

/** In this order the first that exists is taken. */
const CONFIG_FILE_NAMES = [
  'millrace.config.ts',
  'millrace.config.mjs',
  'millrace.config.js',
  'millrace.config.yaml',
  'millrace.config.yml',
] as const

/** A config file larger than this is surely not one. */
const configFileBytesMax = 64 * 1024
/** Finding the place of each mistake takes the parser the square of the length. */
const placedCharsMax = 16 * 1024

/** Variables that begin with MILLRACE_ and are no options. */
const otherVariables: ReadonlySet<string> = new Set(['MILLRACE_CONFIG'])
/** Variables of test programs; never read by the engine. */
const testPrefix = 'MILLRACE_TEST_'

export type Environment = Readonly<Record<string, string | undefined>>

export interface LoadSettings {
  /** Where the config file is looked for and relative paths start. Default: the process's. */
  readonly workingDirectory?: string
  /** A config file; it must exist. Default: MILLRACE_CONFIG, or the first of the usual names. */
  readonly configFile?: string | undefined
  /** Default: `process.env`. */
  readonly environment?: Environment
}

/**
 * The layers of the machine: config file and environment. To be joined by those of code and flags
 * and given to `resolveOptions`.
 *
 * @throws `CONFIG_INVALID`, `CONFIG_UNKNOWN_OPTION` with the file or variable that is wrong.
 */
export async function loadMachineLayers(settings: LoadSettings = {}): Promise<OptionLayer[]> {
  const workingDirectory = settings.workingDirectory ?? process.cwd()
  const environment = settings.environment ?? process.env
  const layers = [environmentLayer(environment)]
  const named = settings.configFile ?? environment['MILLRACE_CONFIG']
  const path = named === undefined || named === '' ? findConfigFile(workingDirectory) : named
  if (path !== undefined) layers.push(await configFileLayer(resolve(workingDirectory, path)))
  return layers
}

/**
 * Options of one run, from all places.
 *
 * @param layers those of code (`layerFromObject('code', …)`) and of flags or `run()` options.
 *
 * @example
 * const given = layerFromObject('run', 'run()', { memory: '1GB' })
 * const { values, origins } = await loadOptions([given])
 */
export async function loadOptions(
  layers: readonly OptionLayer[],
  settings: LoadSettings = {},
): Promise<ResolvedOptions> {
  return resolveOptions([...(await loadMachineLayers(settings)), ...layers], machineMemoryBytes())
}

/** The first usual config file in `directory`, or undefined. */
function findConfigFile(directory: string): string | undefined {
  return CONFIG_FILE_NAMES.map((name) => resolve(directory, name)).find((path) => existsSync(path))
}

/** Options from `MILLRACE_…` variables; empty ones count as not given. */
function environmentLayer(environment: Environment): OptionLayer {
  const keyOf = new Map(OPTION_KEYS.map((key) => [environmentName(key), key]))
  const given: { key: string; text: string; origin: string }[] = []
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('MILLRACE_') || text === undefined || text === '') continue
    if (otherVariables.has(name) || name.startsWith(testPrefix)) continue
    const key = keyOf.get(name)
    if (key === undefined) throw unknownVariable(name, keyOf.keys())
    given.push({ key, text, origin: `environment ${name}` })
  }
  return layerFromText('environment', given)
}

async function configFileLayer(path: string): Promise<OptionLayer> {
  if (!existsSync(path)) {
    throw new MillraceError('CONFIG_INVALID', `there is no config file ${path}`, {
      cure: 'check the path given by --config or MILLRACE_CONFIG',
      details: { file: path },
    })
  }
  const content = /\.ya?ml$/i.test(path) ? await readYaml(path) : await importConfig(path)
  if (content === undefined || content === null) return { place: 'file', values: new Map() }
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw invalidFile(path, 'it holds no options', 'write an object: { parallelism: 2 }')
  }
  return layerFromObject('file', basename(path), content)
}

async function importConfig(path: string): Promise<unknown> {
  if (!['.ts', '.mts', '.js', '.mjs'].includes(extname(path))) {
    throw invalidFile(path, 'its kind is unknown', 'use .ts, .mjs, .js, .yaml or .yml')
  }
  let module: object
  try {
    // A module namespace is an object, whatever the file holds.
    module = (await import(pathToFileURL(path).href)) as object
  } catch (error) {
    throw invalidFile(path, `it cannot be loaded: ${messageOf(error)}`, 'correct the file', error)
  }
  if ('default' in module) return module.default
  throw invalidFile(path, 'it has no default export', 'write: export default { … }')
}

async function readYaml(path: string): Promise<unknown> {
  const text = readFileSync(path, 'utf8')
  if (text.length > configFileBytesMax) {
    throw invalidFile(
      path,
      `it is longer than ${configFileBytesMax} bytes`,
      'keep options only in it',
    )
  }
  // Loaded only when there is such a file: starting the CLI must not cost a parser.
  return parseYaml(text, path, (await import('yaml')).parse)
}

export function parseYaml(text: string, path: string, parse: typeof ParseYaml): unknown {
  const prettyErrors = text.length <= placedCharsMax
  try {
    // The parser promises nothing: `any`.
    return parse(text, { maxAliasCount: 100, logLevel: 'error', prettyErrors }) as unknown
  } catch (error) {
    throw invalidFile(path, `it is not YAML: ${messageOf(error)}`, 'correct the file', error)
  }
}

function invalidFile(path: string, problem: string, cure: string, cause?: unknown): MillraceError {
  return new MillraceError('CONFIG_INVALID', `${path}: ${problem}`, {
    cause,
    cure,
    details: { file: path },
  })
}

function unknownVariable(name: string, known: Iterable<string>): MillraceError {
  const near = nearestName(name, known)
  return new MillraceError('CONFIG_UNKNOWN_OPTION', `there is no option for the variable ${name}`, {
    cure:
      near === undefined ? 'unset it; `millrace config` lists all names' : `did you mean ${near}?`,
    details: { option: name, ...(near === undefined ? {} : { nearest: near }) },
  })
}
