// The public surface: every name that a subpath of the package exports, types too, against a golden
// listing. A change here is a change for users, so it is made on purpose: run the test once more
// with UPDATE_GOLDEN=1 and say in CHANGELOG.md what changed.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '..')
const goldenFile = join(import.meta.dirname, 'fixtures', 'surface.txt')

interface Exports {
  readonly [subpath: string]: string | { readonly 'millrace-source': string }
}

// Our own package.json; what it must hold is asserted below.
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly name: string
  readonly exports: Exports
}

/** Subpath → its source file, for those that are code. */
const sources = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string'
    ? []
    : [[subpath.replace(/^\./, manifest.name), join(root, target['millrace-source'])] as const],
)

interface Name {
  readonly name: string
  readonly isType: boolean
}

/** The names that a file exports, read from its text: a program cannot see exported types. */
function exportedNames(text: string): Name[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const names: Name[] = []
  for (const [, type, list = ''] of code.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const item of list.split(',').map((entry) => entry.trim())) {
      if (item === '') continue
      const isType = type !== undefined || item.startsWith('type ')
      names.push({ name: item.replace(/^type /, '').replace(/^.* as /, ''), isType })
    }
  }
  const declaration = /^export (?:declare )?(?:abstract )?(?:async )?(\w+)\*? +(\w+)/gm
  for (const [, kind = '', name = ''] of code.matchAll(declaration)) {
    names.push({ name, isType: kind === 'type' || kind === 'interface' })
  }
  return names.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function listing(): string {
  return sources
    .map(([subpath, file]) => {
      if (!existsSync(file)) return `${subpath}\n  (nothing yet)\n`
      const names = exportedNames(readFileSync(file, 'utf8'))
      return `${subpath}\n${names.map((n) => `  ${n.isType ? 'type ' : ''}${n.name}\n`).join('')}`
    })
    .join('\n')
}

describe('the public surface', () => {
  it('is the one of the golden listing', () => {
    const actual = listing()
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(goldenFile, actual)
    const golden = existsSync(goldenFile) ? readFileSync(goldenFile, 'utf8') : ''
    assert.equal(actual, golden, 'the exports changed; UPDATE_GOLDEN=1 accepts it')
  })

  for (const [subpath, file] of sources) {
    it(
      `of ${subpath} exists at run time as it is listed`,
      { skip: !existsSync(file) },
      async () => {
        const module: object = await import(subpath)
        const listed = exportedNames(readFileSync(file, 'utf8')).filter((name) => !name.isType)
        assert.deepEqual(
          Object.keys(module).sort(),
          listed.map(({ name }) => name),
        )
      },
    )
  }

  it('reads lists, renamed names, types and declarations', () => {
    const text = [
      "export { b, type C, d as e } from './x.ts'",
      "export type {\n  F,\n  G,\n} from './y.ts'",
      'export function h(): void {}',
      'export interface I {}',
      'export const a = 1',
      'export type J = string',
      '// export const k = 1',
    ].join('\n')
    const found = exportedNames(text).map((n) => (n.isType ? `type ${n.name}` : n.name))
    assert.deepEqual(found.join(' '), 'type C type F type G type I type J a b e h')
  })
})
