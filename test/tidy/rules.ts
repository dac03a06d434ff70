// The style of the repository as a function: a tree of files in, a list of violations out. Working
// on a map of texts lets the test feed it small bad trees and prove that each rule bites.
import { posix } from 'node:path'
import { whyNotImport, whyNotModule } from './layers.ts'

/** Path from the repository's root → content. */
export type Tree = ReadonlyMap<string, string>

const columnsMax = 100
const fileLinesMax = 300
const functionLinesMax = 70

/** Files that may be longer, each with its reason. None yet. */
const longFiles: readonly string[] = []

/** What only src/util and src/cli may call, with what to take instead. */
const hiddenInputs: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bprocess\.hrtime\b/, 'take a Clock'],
  [/\bset(Timeout|Interval|Immediate)\b/, 'take a Clock'],
  [/\bMath\.random\b|\brandom(UUID|Bytes|Int)\b|\bgetRandomValues\b/, 'take a Random'],
]

// Written in pieces, so that this file does not find itself.
const leftOver = new RegExp(`\\b(${'TO' + 'DO'}|${'FIX' + 'ME'}|${'X' + 'XX'})\\b`)
const silenced = new RegExp(`@ts-${'ignore'}|@ts-${'nocheck'}`)
const machinePath = new RegExp(`(^|[\\s'"\`(=:])/(${'wo' + 'rk'}|${'ro' + 'ot'}|tmp/${'mr'})/`)

/** Every violation as `path:line: what`, in the order of the tree. */
export function violations(tree: Tree): string[] {
  const found: string[] = []
  for (const [path, text] of tree) {
    const add = (line: number, what: string) => found.push(`${path}:${line}: ${what}`)
    eachLine(text, leftOver, (line) => add(line, 'unfinished; finish it or file it'))
    eachLine(text, machinePath, (line) => add(line, 'names a path of one machine'))
    if (!/\.(ts|mjs|cjs)$/.test(path)) continue
    checkSize(path, text, add)
    checkCode(path, withoutTextAndComments(text), add)
    eachLine(text, silenced, (line) => add(line, 'silences the compiler'))
    if (path.startsWith('src/')) checkSource(path, text, add)
    if (/^simulation\/(.*\/)?(oracle|checks\/)/.test(path)) checkOracle(path, tree, add)
  }
  return [...found, ...importCycles(tree)]
}

type Add = (line: number, what: string) => void

function eachLine(text: string, pattern: RegExp, visit: (line: number) => void): void {
  text.split('\n').forEach((line, index) => pattern.test(line) && visit(index + 1))
}

function checkSize(path: string, text: string, add: Add): void {
  const lines = text.trimEnd().split('\n')
  if (lines.length > fileLinesMax && !longFiles.includes(path)) {
    add(lines.length, `has ${lines.length} lines, ${fileLinesMax} is the limit`)
  }
  lines.forEach((line, index) => {
    if (line.length > columnsMax) add(index + 1, `has ${line.length} columns`)
  })
  // Prettier has indented the code: a block ends where its first line's indentation comes back.
  lines.forEach((line, index) => {
    if (!/(\)|>|\w|\]|\}) (=> )?\{$/.test(line) || !isFunctionHead(line)) return
    const indent = /^ */.exec(line)?.[0] ?? ''
    const length = lines.slice(index).findIndex((other) => other.startsWith(`${indent}}`)) + 1
    if (length > functionLinesMax) add(index + 1, `function of ${length} lines`)
  })
}

/** A block's first line that opens a function, not a statement, a type or a group of tests. */
function isFunctionHead(line: string): boolean {
  if (/^\s*(\} )?(if|else|for|while|switch|try|catch|finally|do|return \{)\b/.test(line))
    return false
  if (/\b(class|interface|enum|namespace)\s+\w/.test(line)) return false
  if (/^\s*(describe|suite)\(/.test(line)) return false
  return line.endsWith('=> {') || /\)(: .+)? \{$/.test(line)
}

function checkCode(path: string, code: string, add: Add): void {
  eachLine(code, /(?<![.\w$'])any\b(?![\w(:])/, (line) => add(line, 'any'))
  eachLine(code, /^export \*/, (line) => add(line, 'exports everything; name what is public'))
  if (!/^src\/(?!util\/|cli\/)/.test(path)) return
  for (const [pattern, instead] of hiddenInputs) {
    eachLine(code, pattern, (line) => add(line, `a hidden input; ${instead}`))
  }
}

function checkSource(path: string, text: string, add: Add): void {
  if (!/^(#!.*\n)?(\/\/|\/\*)/.test(text)) add(1, 'does not open with what it is')
  if (/^src\/(index|spi|testing\/index|connectors\/index)\.ts$/.test(path)) {
    const list = /export (type )?\{[^}]*\} from '[^']+'\n/g
    const rest = withoutComments(text).replace(list, '')
    if (rest.trim() !== '') add(1, 'may only list names')
  }
  for (const { line, name } of importsOf(text)) {
    const target = resolveImport(path, name)
    const why = target === undefined ? whyNotModule(path, name) : whyNotImport(path, target)
    if (why !== undefined) add(line, why)
    if (target !== undefined && !/\.(ts|json)$/.test(target)) add(line, `${name} lacks its .ts`)
  }
}

/** Also by way of others: what it imports may not import the engine either. */
function checkOracle(oracle: string, tree: Tree, add: Add): void {
  const seen = new Set<string>()
  const visit = (path: string, from: number | undefined): void => {
    for (const { line, name } of importsOf(tree.get(path) ?? '')) {
      const target = resolveImport(path, name) ?? name
      const at = from ?? line
      if (/^(src\/(state|operators|checkpoint|runtime)\/|millrace)/.test(target)) {
        const way = path === oracle ? '' : `, by way of ${path}`
        add(at, `an oracle shares nothing with the engine, but imports ${target}${way}`)
      }
      if (seen.has(target)) continue
      seen.add(target)
      visit(target, at)
    }
  }
  visit(oracle, undefined)
}

interface Import {
  readonly line: number
  readonly name: string
}

function importsOf(text: string): Import[] {
  const pattern =
    /^(?:import|export)\b[^'"()]*?\sfrom '([^']+)'|^import '([^']+)'|\bimport\(\s*'([^']+)'/gm
  return [...withoutComments(text).matchAll(pattern)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    name: match[1] ?? match[2] ?? match[3] ?? '',
  }))
}

function resolveImport(from: string, name: string): string | undefined {
  return name.startsWith('.') ? posix.join(posix.dirname(from), name) : undefined
}

/** What streams offer is a family of types that name each other; there is nothing to load in it. */
const isStreamContract = (path: string) => path.startsWith('src/api/streams/')

/** Cycles of imports in src/, found by walking depth first; each is reported once. */
function importCycles(tree: Tree): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push(`import cycle: ${[...trail.slice(start), path].join(' → ')}`)
    if (start >= 0 || done.has(path)) return
    for (const { name } of importsOf(tree.get(path) ?? '')) {
      const target = resolveImport(path, name)
      if (target === undefined || !tree.has(target)) continue
      if (!isStreamContract(path) || !isStreamContract(target)) walk(target, [...trail, path])
    }
    done.add(path)
  }
  for (const path of tree.keys()) if (/^src\/.*\.ts$/.test(path)) walk(path, [])
  return found
}

/** Comments, then what is text: regular expressions, strings and templates. */
const tokens = new RegExp(
  [
    /(\/\/.*|\/\*[\s\S]*?\*\/)/,
    /(?<=[=(,:;!&|?{}[\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//,
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/,
  ]
    .map((part) => part.source)
    .join('|'),
  'g',
)

const blank = (text: string) => text.replace(/[^\n]/g, ' ')

/** The text with its comments blanked; every line and column stays where it was. */
function withoutComments(text: string): string {
  return text.replace(tokens, (token: string, comment?: string) => (comment ? blank(token) : token))
}

function withoutTextAndComments(text: string): string {
  return text.replace(tokens, blank)
}
