// `npm run sbom`: writes what the package brings along, as a CycloneDX document, for a release. It
// is made of the lockfile and not committed: it would go stale. Optional peers are the user's own.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root, runNpm } from './lib/process.ts'

const flags = ['--sbom-format', 'cyclonedx', '--package-lock-only', '--workspaces=false']
const left = ['dev', 'peer', 'optional'].flatMap((kind) => ['--omit', kind])
await writeFile(join(root, 'sbom.cdx.json'), await runNpm(['sbom', ...flags, ...left]))
console.log('wrote sbom.cdx.json')
