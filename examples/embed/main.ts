// The service as a program: `node examples/embed/main.ts <folder of logs> <folder of results>`.
// SIGTERM and SIGINT end it in order. If the job fails, the service ends too.
import { startService } from './service.ts'

const [logs = 'logs', output = 'requests'] = process.argv.slice(2)
await using service = await startService({ logs, output, port: 8080 })
console.log(`${service.url}/status, process ${process.pid}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void service.close())
}

try {
  await service.job.finished
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
