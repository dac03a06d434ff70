/** What users and machines do to a running job at random moments. */
import type { JobHandle } from '../../src/runtime/job-handle.ts'
import type { Random } from '../../src/util/random.ts'
import type { SimClock } from '../sim-clock.ts'
import type { FaultPlan } from '../faults.ts'
import type { SimProcess } from '../sim-host.ts'
import { SUBJECTS, subjectOf } from '../workloads/shredded.ts'
import type { Erasures } from './erasures.ts'

export interface Requests {
  readonly process: SimProcess
  readonly handle: JobHandle
  readonly clock: SimClock
  readonly random: Random
  readonly faults: FaultPlan
  /** Uids of operators that park keys. */
  readonly parking: readonly string[]
  /** Where savepoints go; a few may go to the same place, which must be refused. */
  readonly savepoint: string
  readonly onRequest: () => void
  /** The job was stopped, and this savepoint written. */
  readonly onStoppedWith: (savepoint: string) => void
  /** A savepoint was acknowledged, of this checkpoint if the job runs on. */
  readonly onSavepoint: (savepoint: string, checkpointId: number) => void
  /** Somebody removes files that nobody needs. */
  readonly sweep: () => Promise<unknown>
  readonly onError: (error: unknown) => void
  readonly erasures: Erasures
}

const REQUESTS_MAX = 3
const ERASURES_MAX = 3
const LOOKS_MAX = 40
const LOOK_MS_MAX = 60
const PAUSE_MS_MAX = 200
const STOP_MS_MAX = 2_000
const CANCEL_MS_MAX = 40
const HAND_OVERS_MAX = 6

/** Makes some requests; ends when the last is answered or the process is gone. */
export async function makeRequests(requests: Requests): Promise<void> {
  const { process, clock, random } = requests
  const releases = random.fork('releases')
  for (let left = random.int(REQUESTS_MAX + 1); left > 0; left--) {
    await clock.sleep(random.next() * PAUSE_MS_MAX * clock.scale.pace)
    if (!process.scope.isAlive) return
    try {
      requests.onRequest()
      for (const uid of requests.parking) if (releases.int(2) === 0) release(requests, uid)
      if (requests.faults.strikes('requestStorm')) storm(requests)
      else await makeOne(requests)
    } catch (error) {
      requests.onError(error)
    }
  }
}

/** Somebody looks now and then what is parked, and tries it again. */
export async function releaseParked(requests: Requests): Promise<void> {
  const { process, clock, faults, parking, onRequest } = requests
  const random = requests.random.fork('watch of parked keys')
  let seen = faults.fired.get('keyParked') ?? 0
  for (let left = parking.length === 0 ? 0 : LOOKS_MAX; left > 0; left--) {
    await clock.sleep(random.next() * LOOK_MS_MAX * clock.scale.pace)
    if (!process.scope.isAlive || faults.isHealed) return
    const now = faults.fired.get('keyParked') ?? 0
    if (now === seen) continue
    seen = now
    onRequest()
    for (const uid of parking) release(requests, uid)
  }
}

/** Somebody wants to be forgotten now and then; several may at once. */
export async function eraseSubjects(requests: Requests): Promise<void> {
  const { process, clock, faults, onRequest } = requests
  const random = requests.random.fork('erasures')
  for (let left = random.int(ERASURES_MAX + 1); left > 0; left--) {
    await clock.sleep(random.next() * PAUSE_MS_MAX * clock.scale.pace)
    if (!process.scope.isAlive || faults.isHealed) return
    onRequest()
    const together = random.int(3) === 0 ? 2 : 1
    const subjects = Array.from({ length: together }, () => random.int(SUBJECTS))
    const erasing = Promise.all(subjects.map((subject) => erase(requests, subject)))
    if (random.int(2) === 0) await erasing
  }
}

async function erase({ handle, erasures, onError }: Requests, index: number): Promise<void> {
  const asked = erasures.asks(handle.checkpointLocation, index)
  try {
    const { checkpointId } = await handle.erase({ subject: subjectOf(index, erasures.kind) })
    erasures.erased(asked, checkpointId)
  } catch (error) {
    onError(error)
  }
}

/** Beside whatever else is asked: it may be cut off by that. */
function release({ handle, faults, onError }: Requests, uid: string): void {
  const told = ({ released }: { readonly released: number }): void => {
    if (released > 0) faults.count('keyReleased')
  }
  handle.release(uid).then(told, onError)
}

/** The life of a process that is not killed: it is stopped, and its state saved. */
export async function stopAtLast(requests: Requests): Promise<void> {
  const { process, clock, savepoint, onRequest, onError } = requests
  if (!process.scope.isAlive) return
  onRequest()
  const stopped = stopWith(requests, `${savepoint}-last`).catch(onError)
  await Promise.race([stopped, clock.sleep(STOP_MS_MAX * clock.scale.pace)])
}

/** All at once, in any order; some of them must be refused, and none may be left unanswered. */
function storm({ process, handle, random, savepoint, onError }: Requests): void {
  process.cancels()
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

/** Deploys without a gap: whoever stands by goes on with the job, when it is known to stand by. */
export async function handOverAtLast(requests: Requests): Promise<void> {
  const { process, handle, clock, faults, onRequest, onError } = requests
  if (!process.scope.isAlive) return
  onRequest()
  process.endsNow()
  const handOver = async (): Promise<void> => {
    for (let left = HAND_OVERS_MAX; left > 0; left--) {
      try {
        const { outcome } = await handle.handOver()
        if (outcome === 'handed-over') faults.count('handOver')
        return
      } catch (error) {
        onError(error)
      }
      await clock.sleep(PAUSE_MS_MAX * clock.scale.pace)
    }
  }
  await Promise.race([handOver(), clock.sleep(STOP_MS_MAX * clock.scale.pace)])
}

/** It is cancelled; whoever is next does not wait for the end of that. */
export async function cancelAtLast(requests: Requests): Promise<void> {
  const { process, handle, clock, random, onRequest, onError } = requests
  if (!process.scope.isAlive) return
  onRequest()
  process.cancels()
  const waitMs = random.next() ** 2 * CANCEL_MS_MAX
  const cancelled = handle.cancel().catch(onError)
  await Promise.race([cancelled, clock.sleep(waitMs * clock.scale.pace)])
}

async function stopWith(requests: Requests, savepoint: string): Promise<void> {
  const { process, handle, onStoppedWith, onSavepoint } = requests
  process.endsNow()
  const { checkpointId } = await handle.stop({ savepoint })
  onStoppedWith(savepoint)
  if (checkpointId !== undefined) onSavepoint(savepoint, checkpointId)
}

async function makeOne(requests: Requests): Promise<unknown> {
  const { process, handle, random, faults } = requests
  const savepoint = `${requests.savepoint}-${random.int(3)}`
  switch (random.int(13)) {
    case 0:
    case 10: {
      const { checkpointId } = await handle.savepoint(savepoint)
      return requests.onSavepoint(savepoint, checkpointId)
    }
    case 11: {
      const { outcome } = await handle.handOver()
      return outcome === 'handed-over' ? faults.count('handOver') : undefined
    }
    case 12:
      return requests.sweep()
    case 1:
      process.endsNow()
      return handle.stop()
    case 2:
    case 8:
    case 9:
      return stopWith(requests, savepoint)
    case 3:
      process.cancels()
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
