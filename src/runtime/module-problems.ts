/**
 * Why a module did not load, in words for its author: file, line, cause and cure, from what Node
 * throws. Reads the sources at fault (only after a failure) for what Node's error leaves out.
 */
import { dirname, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MillraceError, messageOf } from '../errors.ts'
import { explainMissingModule, sourceOf } from './module-missing.ts'
import {
  type Explanation,
  type Failure,
  findSyntaxError,
  firstFrame,
  headerPosition,
} from './module-position.ts'

const plainJavaScript = 'or compile the module and run the .js'

/** The `JOB_MODULE_INVALID` that says why `jobFile` did not load. */
export async function explainModuleError(error: unknown, jobFile: string): Promise<MillraceError> {
  const coded = typeof error === 'object' && error !== null && 'code' in error ? error.code : ''
  const code = typeof coded === 'string' ? coded : ''
  const failure: Failure = { error, message: messageOf(error), code, jobFile }
  const { position, problem, cure } =
    explainMissingModule(failure) ??
    explainTypeScript(failure) ??
    explainFileKind(failure) ??
    explainMissingExport(failure) ??
    explainCommonJs(failure) ??
    (await explainSyntax(failure)) ??
    explainException(failure)
  const { file, line, column } = position
  const place = line === undefined ? file : `${file}:${line}`
  return new MillraceError('JOB_MODULE_INVALID', `${place}: ${problem}`, {
    cause: error,
    cure,
    details: { file, line, column },
  })
}

function explainTypeScript({ error, message, code, jobFile }: Failure): Explanation | undefined {
  if (code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return undefined
  const position = headerPosition(error) ?? { file: jobFile }
  const syntax = /^TypeScript (.+?) (?:is|are) not supported/.exec(message)?.[1] ?? message
  const problem = `Node.js only removes types from TypeScript, and this is more: ${syntax}`
  return { position, problem, cure: `${cureOfSyntax(syntax)}, ${plainJavaScript}` }
}

function cureOfSyntax(syntax: string): string {
  if (syntax.includes('enum')) {
    return "replace the enum by a union ('red' | 'blue') or an object with `as const`"
  }
  if (syntax.includes('parameter property'))
    return 'declare the field and assign it in the constructor'
  if (syntax.includes('namespace') || syntax.includes('module')) {
    return 'replace the namespace by a module of its own'
  }
  if (syntax.includes('import')) return 'use an import declaration'
  return 'use only syntax that can be erased ("erasableSyntaxOnly" in tsconfig.json shows where)'
}

function explainFileKind({ error, message, code, jobFile }: Failure): Explanation | undefined {
  if (code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING') {
    const url = /"(file:[^"]+)"/.exec(message)?.[1]
    const position = { file: url === undefined ? jobFile : fileURLToPath(url) }
    const problem = 'Node.js does not run TypeScript under node_modules'
    return {
      position,
      problem,
      cure: 'compile that package to .js, or move the file out of node_modules',
    }
  }
  if (code !== 'ERR_UNKNOWN_FILE_EXTENSION' && code !== 'ERR_IMPORT_ATTRIBUTE_MISSING')
    return undefined
  const file = / for (\/.+|[A-Za-z]:\\.+)$/.exec(message)?.[1]
  const position = headerPosition(error) ?? { file: file ?? jobFile }
  if (code === 'ERR_IMPORT_ATTRIBUTE_MISSING') {
    return { position, problem: message, cure: "import it with { type: 'json' }" }
  }
  const kind = extname(position.file)
  return {
    position,
    problem: `Node.js does not run ${kind} files`,
    cure: 'use .ts, .mts, .js or .mjs',
  }
}

/** An import of a name that is not there at run time: mostly a type, imported as a value. */
function explainMissingExport({ error, message, jobFile }: Failure): Explanation | undefined {
  const match =
    /module '(.+?)' does not provide an export named '(.+?)'/.exec(message) ??
    /^Named export '(?<name>.+?)' not found\. The requested module '(?<from>.+?)'/.exec(message)
  if (match === null) return undefined
  const from = match.groups?.['from'] ?? match[1] ?? ''
  const name = match.groups?.['name'] ?? match[2] ?? ''
  const position = headerPosition(error) ?? { file: jobFile }
  const asType = `write: import type { ${name} } from '${from}'`
  if (isDeclaredType(name, from, position.file)) {
    const problem = `${name} of '${from}' is a type, and gone at run time; here it is a value`
    return {
      position,
      problem,
      cure: `${asType} ("verbatimModuleSyntax" in tsconfig.json shows where)`,
    }
  }
  const problem = `'${from}' has no export ${name} when it runs`
  return { position, problem, cure: `export it there, or if it is a type, ${asType}` }
}

function isDeclaredType(name: string, from: string, importer: string): boolean {
  if (!/^\.{0,2}\//.test(from) || !/^[\p{L}\p{N}_$]+$/u.test(name)) return false
  const source = sourceOf(fileURLToPath(new URL(from, `file://${dirname(importer)}/`)))
  const word = name.replaceAll('$', String.raw`\$`)
  const declared = String.raw`\b(?:interface|type|declare\s+class)\s+${word}\b`
  const listed = String.raw`\bexport\s+type\s*\{[^}]*\b${word}\b`
  return new RegExp(`${declared}|${listed}`).test(source)
}

function explainCommonJs({ error, message, jobFile }: Failure): Explanation | undefined {
  const word = /^(module|exports|require|__dirname|__filename) is not defined/.exec(message)?.[1]
  if (word !== undefined) {
    const position = firstFrame(error) ?? { file: jobFile }
    const cures: Readonly<Record<string, string>> = {
      require: 'import it: import … from …',
      module: "write export default job('my-job', …) instead of module.exports",
      exports: 'write export instead of exports',
    }
    const cure = cures[word] ?? 'use import.meta.dirname and import.meta.filename'
    return { position, problem: `${word} is CommonJS, and this is an ES module`, cure }
  }
  if (
    !/^(?:Cannot use import statement outside a module|Unexpected token 'export')/.test(message)
  ) {
    return undefined
  }
  const position = headerPosition(error) ?? { file: jobFile }
  const problem = 'the nearest package.json makes this file CommonJS, and it is an ES module'
  return {
    position,
    problem,
    cure: 'put "type": "module" into package.json, or name the file .mts or .mjs',
  }
}

async function explainSyntax({
  error,
  message,
  jobFile,
}: Failure): Promise<Explanation | undefined> {
  if (!(error instanceof SyntaxError)) return undefined
  const position = headerPosition(error) ?? (await findSyntaxError(jobFile)) ?? { file: jobFile }
  return { position, problem: `syntax error: ${message}`, cure: 'correct the line' }
}

function explainException({ error, message, jobFile }: Failure): Explanation {
  const position = firstFrame(error) ?? { file: jobFile }
  const name = error instanceof Error ? `${error.name}: ` : ''
  const problem = `the module threw while it was loaded: ${name}${message}`
  return {
    position,
    problem,
    cure: 'correct it; a module only describes its job and does nothing else',
  }
}
