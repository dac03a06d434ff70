/** Entry of the thread that merges runs: answers each order of `host-merger.ts`. */
import { parentPort } from 'node:worker_threads'
import { errorToData } from '../errors.ts'
import type { MergeOrder } from '../state/runs/merger.ts'
import { mergeRuns } from '../state/runs/run-set.ts'
import { LocalBlobStore } from '../storage/local.ts'
import { required } from '../util/assert.ts'
import { systemClock } from '../util/clock.ts'
import type { MergeAnswer, MergeRequest } from './host-merger.ts'
import { reachKillPoint } from './kill-points.ts'

/** So long it works without a look at what it is told. */
const SLICE_MS = 20

const port = required(parentPort, 'host-merger-thread.ts runs in a worker thread only')
const stores = new Map<string, LocalBlobStore>()
const underWay = new Map<number, AbortController>()

port.on('message', (request: MergeRequest) => {
  if (request.kind === 'cancel') underWay.get(request.id)?.abort()
  else void answer(request.id, request.order)
})

async function answer(id: number, order: MergeOrder): Promise<void> {
  const cancelled = new AbortController()
  underWay.set(id, cancelled)
  const told = await merged(order, cancelled.signal)
  underWay.delete(id)
  port.postMessage({ id, ...told } satisfies MergeAnswer)
}

async function merged(
  { location, ...merge }: MergeOrder,
  signal: AbortSignal,
): Promise<Omit<MergeAnswer, 'id'>> {
  const store = stores.get(location) ?? new LocalBlobStore(location)
  stores.set(location, store)
  const slice = {
    monotonic: () => systemClock.monotonic(),
    budgetMs: SLICE_MS,
    async yield() {
      await systemClock.yield()
      signal.throwIfAborted()
    },
  }
  try {
    return { run: await mergeRuns({ ...merge, store, slice, at: reachKillPoint }) }
  } catch (error) {
    return signal.aborted ? {} : { error: errorToData(error, 'STORAGE_FAILED') }
  }
}
