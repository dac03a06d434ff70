/**
 * An import that leads nowhere: a missing file, an import without its extension (Node, unlike
 * bundlers, adds none), a folder, or a package that is not installed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { nearestName } from '../util/nearest.ts'
import type { Explanation, Failure, Position } from './module-position.ts'

const endings = ['.ts', '.mts', '.js', '.mjs'] as const

/** What went wrong, or undefined if the failure is of another kind. */
export function explainMissingModule(failure: Failure): Explanation | undefined {
  const { code, message, jobFile } = failure
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'ERR_UNSUPPORTED_DIR_IMPORT') return undefined
  const importer = / imported from (.+)$/m.exec(message)?.[1]
  const missing = /^(?:Cannot find module|Directory import) '(.+?)'/.exec(message)?.[1]
  if (missing === undefined) return missingPackage(message, importer ?? jobFile)
  if (missing === jobFile || importer === undefined) return missingJob(jobFile)
  const found = replacementFor(missing)
  const written = specifierFor(importer, missing)
  const position = positionOf(importer, written)
  const shown = written ?? missing
  if (found === undefined) {
    return { position, problem: `there is no file for '${shown}'`, cure: 'correct the path' }
  }
  const right = shown.slice(0, shown.length - basename(missing).length) + found
  const problem =
    extname(missing) === ''
      ? `the import '${shown}' lacks its extension, and Node.js adds none`
      : `there is no file for '${shown}'`
  return { position, problem, cure: `write '${right}'` }
}

function missingJob(jobFile: string): Explanation {
  const position = { file: jobFile }
  if (existsSync(jobFile)) {
    return { position, problem: 'this is a folder', cure: 'give the file of the job' }
  }
  const near = nearestName(basename(jobFile), filesIn(dirname(jobFile)))
  const cure =
    near === undefined ? 'check the path' : `did you mean ${join(dirname(jobFile), near)}?`
  return { position, problem: 'there is no such file', cure }
}

function missingPackage(message: string, importer: string): Explanation {
  const name = /^Cannot find package '(.+?)'/.exec(message)?.[1] ?? ''
  const position = positionOf(importer, name)
  if (name === '')
    return { position, problem: message.split('\n')[0] ?? message, cure: 'correct the import' }
  return { position, problem: `the package ${name} is not installed`, cure: `npm install ${name}` }
}

/** The last part of the path as it should be written, if such a file exists. */
function replacementFor(missing: string): string | undefined {
  const name = basename(missing)
  for (const ending of endings) if (existsSync(missing + ending)) return name + ending
  for (const ending of endings) {
    if (existsSync(join(missing, `index${ending}`))) return `${name}/index${ending}`
  }
  // './helper.js' as compilers want it, where only helper.ts exists.
  const source = missing.replace(/\.([mc]?)js$/, '.$1ts')
  if (source !== missing && existsSync(source)) return basename(source)
  return nearestName(name, filesIn(dirname(missing)))
}

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).slice(0, 1_000)
  } catch {
    return []
  }
}

/** The specifier in the importer's text that leads to `missing`. */
function specifierFor(importer: string, missing: string): string | undefined {
  for (const match of sourceOf(importer).matchAll(/(['"])(\.{1,2}\/.*?)\1/g)) {
    const specifier = match[2]
    if (specifier !== undefined && join(dirname(importer), specifier) === missing) return specifier
  }
  return undefined
}

function positionOf(file: string, specifier: string | undefined): Position {
  const lines = specifier === undefined ? [] : sourceOf(file).split('\n')
  const index = lines.findIndex((line) => {
    return line.includes(`'${specifier}`) || line.includes(`"${specifier}`)
  })
  return index === -1 ? { file } : { file, line: index + 1 }
}

/** The text of a file, or nothing if it cannot be read. */
export function sourceOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
