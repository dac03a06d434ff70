// Builds what is published: dist/ from src/, nothing else. It starts from an empty folder, so that
// no file of an older build can slip into the package.
import { chmod, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from './lib/bundle.ts'
import { root, runNode, tool } from './lib/process.ts'

export async function build(): Promise<void> {
  await rm(join(root, 'dist'), { recursive: true, force: true })
  await runNode([tool('typescript', 'tsc'), '-p', 'tsconfig.build.json'])
  await bundle()
  const bin = join(root, 'dist', 'cli', 'bin.js')
  if (existsSync(bin)) await chmod(bin, 0o755)
}

if (import.meta.main) await build()
