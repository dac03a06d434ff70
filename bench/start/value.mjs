import { run } from 'millrace'
import start from './job.mjs'
const handle = await run(start, { directory: process.argv[2] })
await handle.finished
