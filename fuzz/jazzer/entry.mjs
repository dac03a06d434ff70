// What Jazzer loads: `fuzz` gives each input to the target that FUZZ_TARGET names. A finding is
// kept as a file, once for each defect, and the search goes on; the end tells how it went.
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { judge, judgeAtOnce } from '../lib/judge.ts'
import { TARGETS } from '../targets/index.ts'

const { FUZZ_TARGET: name, FUZZ_FOUND: folder } = process.env
const target = TARGETS.find((each) => each.name === name)
if (target === undefined || folder === undefined) throw new Error(`no target ${name}`)

const found = new Map()

function keep(finding, bytes) {
  if (finding === undefined || found.has(finding.key)) return
  found.set(finding.key, finding)
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
  const path = join(folder, `${finding.kind}-${hash}`)
  writeFileSync(path, bytes)
  process.stderr.write(`FINDING ${finding.kind} ${path}: ${finding.message}\n`)
}

// Two functions: Jazzer looks at what they return.
export const fuzz =
  target.isAsync === true
    ? async (data) => {
        const bytes = Buffer.from(data)
        keep(await judge(target, bytes), bytes)
      }
    : (data) => {
        const bytes = Buffer.from(data)
        keep(judgeAtOnce(target, bytes), bytes)
      }

process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  const findings = [...found.values()]
  writeFileSync(
    join(folder, 'result.json'),
    JSON.stringify({ cpuSeconds: (user + system) / 1e6, findings }),
  )
})
