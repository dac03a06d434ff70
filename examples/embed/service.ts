// An HTTP service with a job inside. The job runs in a thread of its own, because it is given by
// the URL of its module: the event loop that answers requests stays free.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isMillraceError, type JobHandle, run, type RunOptions } from 'millrace'

export interface Service extends AsyncDisposable {
  readonly url: string
  readonly job: JobHandle
  /** No more requests, a last checkpoint, then the end; started again, the job goes on. */
  close(): Promise<void>
}

export interface ServiceOptions extends RunOptions {
  readonly logs: string
  readonly output: string
  /** Default: any free one. */
  readonly port?: number
}

export async function startService(options: ServiceOptions): Promise<Service> {
  const { logs, output, port = 0, ...runOptions } = options
  const job = await run(new URL('./job.ts', import.meta.url), {
    ...runOptions,
    params: { logs, output },
  })
  const server = createServer((request, response) => {
    answer(job, request)
      .then(({ status, body }) => send(response, status, body))
      .catch((error: unknown) => send(response, 500, { error: String(error) }))
  })
  try {
    await listen(server, port)
  } catch (error) {
    await job.cancel()
    throw error
  }
  // The server has been bound to a port, so its address is of this shape.
  const address = server.address() as AddressInfo
  let closing: Promise<void> | undefined
  const closeOnce = (): Promise<void> => (closing ??= close(server, job))
  const url = `http://127.0.0.1:${address.port}`
  return { url, job, close: closeOnce, [Symbol.asyncDispose]: closeOnce }
}

interface Answer {
  readonly status: number
  readonly body: object
}

async function answer(job: JobHandle, { method, url }: IncomingMessage): Promise<Answer> {
  if (method === 'GET' && url === '/status') return { status: 200, body: job.status }
  if (method === 'GET' && url === '/health') {
    const isRunning = job.status.state === 'running'
    return { status: isRunning ? 200 : 503, body: { state: job.status.state } }
  }
  if (method !== 'POST' || url !== '/checkpoint') {
    return { status: 404, body: { error: 'there are GET /status, GET /health, POST /checkpoint' } }
  }
  try {
    return { status: 200, body: await job.checkpoint() }
  } catch (error) {
    if (!isMillraceError(error)) throw error
    return { status: 503, body: { code: error.code, error: error.message, cure: error.cure } }
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
}

async function close(server: Server, job: JobHandle): Promise<void> {
  server.close()
  // If the job has failed, or fails to stop, `job.finished` says so.
  await job.stop().catch(() => undefined)
  server.closeAllConnections()
}
