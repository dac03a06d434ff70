// Reads the pages of the documentation: their blocks of code and their links.
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'

export const root = join(import.meta.dirname, '..', '..')

export interface Block {
  /** As the text before the block says: "`visits.ts`:"; else made from its number. */
  readonly name: string
  readonly code: string
}

/** The blocks of TypeScript of a page, in order. */
export function blocksOf(text: string): readonly Block[] {
  const pattern = /(?:`([\w-]+\.ts)`:\n\n)?```ts\n([\s\S]*?)```/g
  return [...text.matchAll(pattern)].map(([, name, code = ''], index) => {
    return { name: name ?? `block-${index + 1}.ts`, code }
  })
}

/** Where the links of a page lead, those into the web left out. */
export function linksOf(text: string): readonly string[] {
  const withoutCode = text.replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, '')
  const targets = [...withoutCode.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.filter((target) => !/^[a-z]+:/.test(target))
}

/** The headings of a page as the anchors that links name. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const headings = text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/^#+ (.+)$/gm)
  const anchors = [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
  return new Set(anchors)
}

export function readPage(path: string): Promise<string> {
  return readFile(join(root, path), 'utf8')
}

/**
 * A folder like a user's project: the package is installed, the compiler is strict. The names of
 * blocks may lead into folders of it.
 */
export async function projectWith(blocks: readonly Block[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-docs-'))
  after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'node_modules'))
  await symlink(root, join(folder, 'node_modules', 'millrace'))
  await symlink(join(root, 'node_modules', '@types'), join(folder, 'node_modules', '@types'))
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const compilerOptions = { noEmit: true, allowImportingTsExtensions: true }
  // The sources are compiled with it, and not every one of them imports what they declare globally.
  const include = ['**/*.ts', join(root, 'src/util/buffer-natives.ts')]
  const config = { extends: join(root, 'tsconfig.base.json'), compilerOptions, include }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  for (const { name, code } of blocks) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), code)
  }
  return folder
}
