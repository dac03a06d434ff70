/** The thread that stands for all helper threads of simulated worlds, with the planted bug. */
import { getEnvironmentData, type MessagePort, workerData } from 'node:worker_threads'
import type { PlantedBug } from '../planted/bug.ts'
import { plant } from '../planted/hook.ts'
import type { Call, End, Reply } from './helper-messages.ts'

// As `helper-line.ts` gives it, and `plant` does.
const { port, signal } = workerData as { readonly port: MessagePort; readonly signal: Int32Array }
const bug = getEnvironmentData('planted bug') as PlantedBug | undefined

if (bug !== undefined) plant(bug)
// Only now: it brings the engine in.
const { TableWorlds } = await import('./helper-side.ts')
const worlds = new TableWorlds()
let unhandled: string | undefined
process.on('unhandledRejection', (error) => {
  unhandled ??= error instanceof Error ? (error.stack ?? error.message) : String(error)
})

async function serve(call: Call): Promise<void> {
  const reply: Reply = await worlds.call(call)
  const told = unhandled === undefined ? reply : { ...reply, violation: unhandled }
  unhandled = undefined
  port.postMessage(told)
  Atomics.add(signal, 0, 1)
  Atomics.notify(signal, 0)
}

port.on('message', (message: Call | End) => {
  if ('ends' in message) worlds.end(message.ends)
  else void serve(message)
})
