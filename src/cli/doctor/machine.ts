/** Checks of what jobs run on: Node, the platform, RocksDB, memory. */
import { arch, platform } from 'node:os'
import { machineMemoryBytes } from '../../util/machine-memory.ts'
import type { ResolvedOptions } from '../../config/resolve.ts'
import { formatBytes } from '../format.ts'
import type { DoctorFinding } from './finding.ts'

const rocksdbPackage = '@nxtedition/rocksdb'
/** Where that package brings a compiled library along. */
const rocksdbPlatforms: readonly string[] = ['linux-x64', 'darwin-arm64']
const testedPlatforms: readonly string[] = ['linux', 'darwin', 'win32']
/** Beyond this share there is too little left for code, buffers and the operating system. */
const memoryShareMax = 0.8

export function checkNode(): DoctorFinding {
  const detail = `${process.versions.node} on ${platform()}-${arch()}`
  if (testedPlatforms.includes(platform())) return { check: 'node', level: 'ok', detail }
  const cure = 'Millrace is tested on Linux, macOS and Windows'
  return { check: 'node', level: 'note', detail, cure }
}

export function checkRocksdb({ values, origins }: ResolvedOptions): DoctorFinding {
  const check = 'rocksdb'
  const here = `${platform()}-${arch()}`
  const isWanted = values.backend === 'rocksdb'
  const level = isWanted ? 'problem' : 'note'
  const wanted = isWanted ? `, and backend is rocksdb (from ${origins.backend})` : ''
  if (!rocksdbPlatforms.includes(here)) {
    const detail = `${rocksdbPackage} has no library for ${here}${wanted}`
    return { check, level, detail, cure: 'use hashmap(); state then has to fit into memory' }
  }
  try {
    import.meta.resolve(rocksdbPackage)
    return { check, level: 'ok', detail: `${rocksdbPackage} is installed` }
  } catch {
    const detail = `${rocksdbPackage} is not installed${wanted}`
    return { check, level, detail, cure: `npm install ${rocksdbPackage}, or use hashmap()` }
  }
}

export function checkMemory({ values, origins }: ResolvedOptions): DoctorFinding {
  const machine = machineMemoryBytes()
  const given = formatBytes(values.memory)
  const detail = `${given} of ${formatBytes(machine)} for each job (from ${origins.memory})`
  if (values.memory <= machine * memoryShareMax) return { check: 'memory', level: 'ok', detail }
  const cure = `lower memory to at most ${formatBytes(machine * memoryShareMax)}`
  return { check: 'memory', level: 'problem', detail, cure }
}
