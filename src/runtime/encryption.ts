/**
 * Hosts whose stores and throw-away files are encrypted. What the job writes itself always is; what
 * it begins with, another job's, is read as it is.
 */
import { hasEncryptedChain } from '../checkpoint/encrypted-chain.ts'
import { EncryptedScratch } from '../encryption/encrypted-scratch.ts'
import { EncryptedBlobStore } from '../encryption/encrypted-store.ts'
import type { KeyRing } from '../encryption/key-ring.ts'
import { MillraceError } from '../errors.ts'
import type { JobGraph } from '../graph/job-graph.ts'
import type { SubjectKeys } from '../storage/subject-keys.ts'
import { errorWithoutKey, withoutKey } from './hidden-key.ts'
import type { Host, OpenStore, WorkerHost } from './host.ts'

/** What may come to be known later. */
interface KeysOfSubjects {
  readonly keys: SubjectKeys | undefined
}

/**
 * The host itself if there is no place of keys.
 *
 * @throws `KEY_…` if there are none there.
 */
export async function encryptedHost(host: Host, keys: string | undefined): Promise<Host> {
  if (keys === undefined) return host
  const ring = await host.openKeys(keys)
  return { ...host, openStore: opensEncrypted(host.openStore, ring) }
}

/**
 * The same for a worker, whose errors do not name keys either.
 *
 * @param subjects asked when a store is opened
 */
export async function encryptedWorkerHost(
  host: WorkerHost,
  keys: string | undefined,
  subjects: KeysOfSubjects,
): Promise<WorkerHost> {
  if (keys === undefined) return host
  const ring = await host.openKeys(keys)
  return {
    ...host,
    openStore: opensEncrypted(host.openStore, ring, subjects),
    send: (message) => host.send(withoutKey(message)),
    report: (event, error) => host.report(event, errorWithoutKey(error)),
    scratch: (directory) => new EncryptedScratch(host.scratch(directory), ring.entropy),
  }
}

/**
 * Before anything runs: that no source keeps records on a disk as they are.
 *
 * @throws `ENCRYPTION_UNSUPPORTED`
 */
export function requireNoPlainRecords({ vertices }: JobGraph, keys: string | undefined): void {
  if (keys === undefined) return
  for (const node of vertices.flatMap((vertex) => vertex.nodes)) {
    if (node.kind !== 'source' || node.source.keepsPlainRecords !== true) continue
    const { name } = node.source
    const kept = `source "${node.uid}": ${name} keeps records on the disk as they are`
    const message = `${kept}, and encryption.keys forbids that`
    throw new MillraceError('ENCRYPTION_UNSUPPORTED', message, {
      cure: 'put its folder on an encrypted disk and say so with diskIsEncrypted: true',
      details: { operator: node.uid },
    })
  }
}

function opensEncrypted(
  open: OpenStore,
  ring: KeyRing,
  subjects: KeysOfSubjects = { keys: undefined },
): OpenStore {
  return async (location, whose = 'own') => {
    // Whether there is a key to write under is known before the first record.
    if (whose === 'own') await ring.dataKey()
    const store = await open(location)
    if (whose === 'foreign' && (await hasEncryptedChain(store)) === false) return store
    return new EncryptedBlobStore(store, ring, subjects.keys)
  }
}
