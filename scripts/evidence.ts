// Writes docs/evidence.md and the page of planted bugs from what the long runs have recorded in
// docs/evidence.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readEvidence } from './lib/evidence.ts'
import { evidencePage } from './lib/evidence-page.ts'
import { PLANTED_PAGE, plantedPage } from './lib/planted-page.ts'
import { root } from './lib/process.ts'

const records = readEvidence()
writeFileSync(join(root, 'docs/evidence.md'), evidencePage(records))
writeFileSync(join(root, PLANTED_PAGE), plantedPage(records.get('planted-bugs')))
console.log(`wrote docs/evidence.md and ${PLANTED_PAGE}`)
