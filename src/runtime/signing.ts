/**
 * Hosts of jobs that sign. The leader signs manifests and demands it of all that it reads, of what
 * the job begins with, too; workers have no key: they only write what a signature can cover.
 */
import { SignedBlobStore } from '../signing/signed-store.ts'
import type { Host, WorkerHost } from './host.ts'

/**
 * The host itself if there is no place of keys.
 *
 * @throws `KEY_…` if there is none there to sign with.
 */
export async function signedHost(host: Host, keys: string | undefined): Promise<Host> {
  if (keys === undefined) return host
  const ring = await host.openSignatures(keys)
  // Whether there is a key to sign with is known before the first record.
  await ring.keyId()
  return {
    ...host,
    openStore: async (location, whose) => {
      return new SignedBlobStore(await host.openStore(location, whose), ring)
    },
  }
}

/** The same for a worker. */
export function signedWorkerHost(host: WorkerHost, isSigned: boolean): WorkerHost {
  if (!isSigned) return host
  return {
    ...host,
    openStore: async (location, whose) => {
      return new SignedBlobStore(await host.openStore(location, whose))
    },
  }
}
