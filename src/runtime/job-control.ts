/** What the control socket of a running job asks, put to its master. */
import { readChain } from '../checkpoint/chain.ts'
import { listCheckpoints } from '../checkpoint/listing.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { subjectFromText } from './erasures.ts'
import type { ControlHandler } from './host.ts'
import type { KeyWish } from './releases.ts'

/** Of a job master, what can be asked from outside. */
export interface Controlled {
  readonly status: unknown
  checkpoint(full: boolean): Promise<unknown>
  savepoint(directory: string): Promise<unknown>
  stop(savepoint: string | undefined, drain: boolean): Promise<void>
  release(operator: string, key?: KeyWish): Promise<unknown>
  erase(subject: Uint8Array): Promise<unknown>
  cancel(): void
  handOver(): Promise<unknown>
}

/** @param store of its checkpoints */
export function controlOf(master: Controlled, store: BlobStore): ControlHandler {
  return {
    status: () => master.status,
    checkpoints: async () => listCheckpoints(await readChain(store)),
    checkpoint: ({ full }) => master.checkpoint(full === true),
    savepoint: (directory) => master.savepoint(directory),
    stop: ({ savepoint, drain }) => master.stop(savepoint, drain === true),
    release: (operator, key) => {
      return master.release(operator, key === undefined ? undefined : { text: key })
    },
    erase: async (text, type) => master.erase(subjectFromText(text, type)),
    cancel: async () => master.cancel(),
    handOver: () => master.handOver(),
  }
}
