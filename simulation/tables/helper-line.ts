/** The line to the thread that stands for all helper threads: one call at a time, waited for. */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { Violation } from '../scheduler.ts'
import type { Call, End, Reply } from './helper-messages.ts'

/** In real time: a call takes a fraction of a millisecond. */
const SILENCE_MS_MAX = 60_000

interface Line {
  readonly port: MessagePort
  readonly signal: Int32Array
}

let line: Line | undefined

function open(): Line {
  const { port1: port, port2 } = new MessageChannel()
  const signal = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL('./helper-entry.ts', import.meta.url), {
    workerData: { port: port2, signal },
    transferList: [port2],
  })
  // Nobody stays alive for it.
  worker.unref()
  return { port, signal }
}

export function callHelper(call: Call): Reply {
  const { port, signal } = (line ??= open())
  port.postMessage(call)
  for (;;) {
    const seen = Atomics.load(signal, 0)
    // It sends nothing else.
    const found: { readonly message: Reply } | undefined = receiveMessageOnPort(port)
    if (found !== undefined) return found.message
    if (Atomics.wait(signal, 0, seen, SILENCE_MS_MAX) === 'timed-out') {
      throw new Violation('the thread of the simulated tables is silent')
    }
  }
}

export function endHelper(end: End): void {
  line?.port.postMessage(end)
}
