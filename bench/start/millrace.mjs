// Runs the job to its end, in a folder that is given.
import { run } from 'millrace'

const handle = await run(new URL('./job.mjs', import.meta.url), { directory: process.argv[2] })
await handle.finished
