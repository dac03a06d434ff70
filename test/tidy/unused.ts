// Dead code across files: what a file of src/ exports, but no other file imports. Types are left
// out: they name the parameters of what is exported.
import { posix } from 'node:path'
import type { Tree } from './rules.ts'

/** Subpaths of the package, as tests and examples import them → their source. */
export type Subpaths = ReadonlyMap<string, string>

/** `path:line: what` for each exported function, class or constant that nobody imports. */
export function unusedExports(tree: Tree, subpaths: Subpaths): string[] {
  const imported = new Set<string>()
  for (const [path, text] of tree) {
    if (!/\.(ts|mjs)$/.test(path)) continue
    for (const { from, names } of importsOf(text)) {
      const target = subpaths.get(from) ?? posix.join(posix.dirname(path), from)
      for (const name of names) imported.add(`${target}#${name}`)
    }
  }
  const found: string[] = []
  for (const [path, text] of tree) {
    if (!/^src\/.*\.ts$/.test(path) || imported.has(`${path}#*`)) continue
    text.split('\n').forEach((line, index) => {
      const name = /^export (?:async )?(?:function\*?|const|let|class) +(\w+)/.exec(line)?.[1]
      if (name === undefined || imported.has(`${path}#${name}`)) return
      found.push(`${path}:${index + 1}: nobody imports ${name}; delete it or do not export it`)
    })
  }
  return found
}

interface Imported {
  readonly from: string
  /** `*` for the whole module. */
  readonly names: readonly string[]
}

function importsOf(text: string): readonly Imported[] {
  const named = /^(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s+'([^']+)'/gm
  const whole = /(?:^import\s+\*\s+as\s+\w+\s+from\s+|\bimport\(\s*)'([^']+)'/gm
  return [
    ...[...text.matchAll(named)].map(([, list = '', from = '']) => ({
      from,
      names: list.split(',').map((name) =>
        name
          .trim()
          .replace(/^type /, '')
          .replace(/ as .*/, ''),
      ),
    })),
    ...[...text.matchAll(whole)].map(([, from = '']) => ({ from, names: ['*'] })),
  ]
}
