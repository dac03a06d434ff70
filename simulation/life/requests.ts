/** What users and machines do to a running job at random moments. */
import type { JobHandle } from '../../src/runtime/run.ts'
import type { Random } from '../../src/util/random.ts'
import type { SimClock } from '../sim-clock.ts'
import type { FaultPlan } from '../faults.ts'
import type { SimProcess } from '../sim-host.ts'

export interface Requests {
  readonly process: SimProcess
  readonly handle: JobHandle
  readonly clock: SimClock
  readonly random: Random
  readonly faults: FaultPlan
  /** Where savepoints go; a few may go to the same place, which must be refused. */
  readonly savepoint: string
  readonly onRequest: () => void
  /** The job was stopped, and this savepoint written. */
  readonly onStoppedWith: (savepoint: string) => void
  readonly onError: (error: unknown) => void
}

const REQUESTS_MAX = 3
const PAUSE_MS_MAX = 200
const STOP_MS_MAX = 2_000

/** Makes some requests; ends when the last is answered or the process is gone. */
export async function makeRequests(requests: Requests): Promise<void> {
  const { process, clock, random } = requests
  for (let left = random.int(REQUESTS_MAX + 1); left > 0; left--) {
    await clock.sleep(random.next() * PAUSE_MS_MAX * clock.scale.pace)
    if (!process.scope.isAlive) return
    try {
      requests.onRequest()
      if (requests.faults.strikes('requestStorm')) storm(requests)
      else await makeOne(requests)
    } catch (error) {
      requests.onError(error)
    }
  }
}

/** The life of a process that is not killed: it is stopped, and its state saved. */
export async function stopAtLast(requests: Requests): Promise<void> {
  const { process, handle, clock, savepoint, onRequest, onStoppedWith, onError } = requests
  if (!process.scope.isAlive) return
  onRequest()
  const stopped = handle.stop({ savepoint: `${savepoint}-last` }).then(
    () => onStoppedWith(`${savepoint}-last`),
    (error: unknown) => onError(error),
  )
  await Promise.race([stopped, clock.sleep(STOP_MS_MAX * clock.scale.pace)])
}

/** All at once, in any order; some of them must be refused, and none may be left unanswered. */
function storm({ process, handle, random, savepoint, onError }: Requests): void {
  process.endsNow()
  const wishes = [
    () => handle.savepoint(`${savepoint}-storm`),
    () => handle.checkpoint(),
    () => handle.checkpoint({ full: true }),
    () => (random.int(2) === 0 ? handle.stop() : handle.cancel()),
    () => (random.int(2) === 0 ? handle.cancel() : handle.savepoint(`${savepoint}-storm`)),
  ]
  while (wishes.length > 0) {
    const [wish] = wishes.splice(random.int(wishes.length), 1)
    wish?.().catch(onError)
  }
}

async function makeOne({
  process,
  handle,
  random,
  savepoint: place,
  onStoppedWith,
}: Requests): Promise<unknown> {
  const savepoint = `${place}-${random.int(3)}`
  switch (random.int(10)) {
    case 0:
      return handle.savepoint(savepoint)
    case 1:
      process.endsNow()
      return handle.stop()
    case 2:
    case 8:
    case 9:
      process.endsNow()
      await handle.stop({ savepoint })
      return onStoppedWith(savepoint)
    case 3:
      process.endsNow()
      return handle.cancel()
    case 4:
      return process.workers[random.int(3)]?.crash('by request')
    case 5:
      return process.crash('by request')
    case 6:
      return process.stall()
    default:
      return Promise.all(
        Array.from({ length: 1 + random.int(3) }, () =>
          handle.checkpoint({ full: random.int(4) === 0 }),
        ),
      )
  }
}
