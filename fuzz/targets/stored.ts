// What lies in a checkpoint storage beside runs: links of the chain, marks, claims, names of files.
import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { claimantOf } from '../../src/checkpoint/claims.ts'
import {
  CLAIM_NAME,
  linkName,
  numberOfVault,
  parsePinName,
  parseRunName,
  pinName,
  runName,
  sequenceOfLink,
  vaultName,
} from '../../src/checkpoint/layout.ts'
import {
  decodeContent,
  encodeContent,
  markName,
  parseMarkName,
} from '../../src/checkpoint/lease-marks.ts'
import {
  canonicalJson,
  decodeLink,
  encodeLink,
  hashOf,
} from '../../src/checkpoint/manifest-codec.ts'
import type { ManifestLink } from '../../src/checkpoint/manifest.ts'
import { formatStateLock, parseStateLock, type StateLock } from '../../src/checkpoint/state-lock.ts'
import {
  decodeVault,
  encodeVault,
  type KeptVault,
} from '../../src/encryption/subjects/vault-codec.ts'
import { Vault } from '../../src/encryption/subjects/vault.ts'
import { type CopySums, decodeSums, encodeSums } from '../../src/storage/copy-sums.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { absoluteLocation, isLocalDisk } from '../../src/storage/open.ts'
import { AssertionError } from '../../src/util/assert.ts'
import { goldenLinks } from '../lib/golden.ts'
import { type FuzzTarget, json, utf8 } from '../lib/target.ts'

const LINK_CODES = ['STORAGE_CORRUPT', 'CHECKPOINT_INCOMPATIBLE'] as const

const manifest: FuzzTarget = {
  name: 'manifest',
  decodes: 'links of the chain, whole (src/checkpoint/manifest-codec.ts)',
  codes: LINK_CODES,
  seeds: () => goldenLinks().map(({ bytes }) => bytes),
  decode: (input) => decodeLink(input),
  encode: (link) => encodeLink(link as ManifestLink), // of `decode`
}

const manifestFields: FuzzTarget = {
  name: 'manifest-fields',
  decodes: 'links of the chain behind their checksum (src/checkpoint/manifest-checks.ts)',
  codes: LINK_CODES,
  seeds: () => goldenLinks().map(({ bytes }) => bytes.subarray(0, bytes.indexOf(10))),
  decode(input) {
    const trailer = `\nmillrace-manifest 1 sha256:${hashOf(input)}\n`
    return decodeLink(Buffer.concat([input, utf8(trailer)]))
  },
  encode: (link) => utf8(canonicalJson(link)),
}

/** Whatever reads a name must read the same from the name that is made of it. */
const names: FuzzTarget = {
  name: 'names',
  decodes: 'names of files (src/checkpoint/layout.ts, lease-marks.ts)',
  codes: [],
  seeds: () =>
    [
      linkName(7),
      runName({ leaderEpoch: 1, checkpointId: 2, vertex: 0, subtaskIndex: 3, merge: 4 }),
      vaultName(3),
      pinName({ sequence: 5, expiresAtMs: 1_700_000_000_000, holder: 'abc' }),
      markName({ kind: 'standby', holder: 'x1', renewal: 3, sequence: 0 }),
      markName({
        kind: 'leader',
        leaderEpoch: 1,
        renewal: 2,
        leaseMs: 3_000,
        state: 'held',
        holder: 'y',
      }),
    ].map(utf8),
  decode(input) {
    const name = input.toString('utf8')
    const [link, run, pin, vault, mark] = [
      sequenceOfLink(name),
      parseRunName(name),
      parsePinName(name),
      numberOfVault(name),
      parseMarkName(name),
    ]
    const again = [
      ...(link === undefined ? [] : [linkName(link)]),
      ...(run === undefined ? [] : [runName(run)]),
      ...(pin === undefined ? [] : [pinName(pin)]),
      ...(vault === undefined ? [] : [vaultName(vault)]),
      ...(mark === undefined ? [] : [markName(mark)]),
    ]
    if (again.some((each) => each !== name)) throw new AssertionError(`${name} is ${again.join()}`)
    return { link, run, pin, vault, mark }
  },
}

const marks: FuzzTarget = {
  name: 'marks',
  decodes: 'marks of leaders and standbys (src/checkpoint/lease-marks.ts)',
  codes: [],
  seeds: () => [encodeContent({ host: 'here', pid: 5, reason: 'it failed' })],
  decode: (input) => decodeContent(input),
}

const claims: FuzzTarget = {
  name: 'claims',
  decodes: 'claims of snapshots (src/checkpoint/claims.ts)',
  codes: ['STORAGE_CORRUPT'],
  isAsync: true,
  seeds: () => [json({ jobName: 'count', location: '/state' })],
  decode: (input) =>
    claimantOf(new MemoryBlobStore('memory:fuzz', new Map([[CLAIM_NAME, new Uint8Array(input)]]))),
}

const stateLock: FuzzTarget = {
  name: 'state-lock',
  decodes: 'state.lock.json (src/checkpoint/state-lock.ts)',
  codes: ['CONFIG_INVALID'],
  seeds: () => [
    json({ formatVersion: 1, jobs: {} }),
    json({
      formatVersion: 1,
      jobs: {
        count: {
          maxParallelism: 128,
          operators: [
            {
              uid: 'op',
              kind: 'operator',
              operation: 'process',
              keyType: { kind: 'string' },
              states: [{ name: 'n', kind: 'value', type: { kind: 'int32' } }],
              usesTimers: true,
              timers: [{ name: 'late', domain: 'event-time' }],
            },
          ],
        },
      },
    }),
  ],
  decode: (input) => parseStateLock(input.toString('utf8'), 'state.lock.json'),
  encode: (lock) => utf8(formatStateLock(lock as StateLock)), // of `decode`
}

const copySums: FuzzTarget = {
  name: 'copy-sums',
  decodes: 'sums of copied files, behind their checksum (src/storage/copy-sums.ts)',
  codes: [],
  seeds: () =>
    [0, 5, 65_536, 200_000]
      .map((lengthBytes) => {
        const chunks = Array.from({ length: Math.ceil(lengthBytes / 65_536) }, (_, at) => at)
        return encodeSums({ lengthBytes, chunks })
      })
      .map((bytes) => bytes.subarray(0, -4)),
  decode(input) {
    const sum = Buffer.alloc(4)
    sum.writeUInt32LE(crc32(input))
    return decodeSums(Buffer.concat([input, sum]))
  },
  encode(sums) {
    const encoded = sums === undefined ? undefined : encodeSums(sums as CopySums) // of `decode`
    return encoded?.subarray(0, -4) ?? Buffer.alloc(0)
  },
}

const vaults: FuzzTarget = {
  name: 'vaults',
  decodes: 'vaults of the keys of subjects (src/encryption/subjects/vault-codec.ts)',
  codes: LINK_CODES,
  seeds: () => {
    const whole = Vault.create((bytes) => new Uint8Array(bytes).fill(bytes))
    const erased = whole.erase(utf8('one'))
    return [whole, erased, erased.erase(utf8('another'))].map((vault, at) => {
      return encodeVault({ number: at + 1, leaderEpoch: 1, vault })
    })
  },
  decode: (input) => decodeVault(input, 'it'),
  encode: (kept) => encodeVault(kept as KeptVault), // of `decode`
}

const locations: FuzzTarget = {
  name: 'locations',
  decodes: 'locations of storages (src/storage/open.ts)',
  codes: ['STORAGE_URL_UNKNOWN'],
  seeds: () =>
    ['state', '/var/state', 'file:///a/b%20c', 'file:a', 'memory:x', 's3://bucket/a', 'C:\\a'].map(
      utf8,
    ),
  decode(input) {
    const location = input.toString('utf8')
    return [isLocalDisk(location), absoluteLocation(location)]
  },
}

export const storedTargets: readonly FuzzTarget[] = [
  manifest,
  manifestFields,
  names,
  marks,
  claims,
  stateLock,
  copySums,
  vaults,
  locations,
]
