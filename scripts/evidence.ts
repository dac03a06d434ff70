// Writes docs/evidence.md from what the long runs have recorded in docs/evidence.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readEvidence } from './lib/evidence.ts'
import { evidencePage } from './lib/evidence-page.ts'
import { root } from './lib/process.ts'

writeFileSync(join(root, 'docs/evidence.md'), evidencePage(readEvidence()))
console.log('wrote docs/evidence.md')
