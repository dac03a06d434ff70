// `npm run test:servers`: the storages against their real servers, at length. Nothing may be
// skipped: a server that is not to be had is a failure. `-- --only s3` runs those of one server.
import { parseArgs } from 'node:util'
import { runTests, summary } from '../../scripts/lib/tests.ts'

const { values } = parseArgs({ options: { only: { type: 'string', default: '*' } } })

process.env['MILLRACE_TEST_SERVERS'] = 'all'
const counts = await runTests([`test/servers/${values.only}.test.ts`])
console.log(summary(counts))
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
const isWell = counts.tests > 0 && counts.failed === 0 && counts.skipped === 0
if (!isWell) process.exitCode = 1
