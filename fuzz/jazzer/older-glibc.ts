// Jazzer's addon for Linux was linked on a system with glibc 2.38 and GCC 13. All it takes from
// those are the C23 names of two functions, `__isoc23_strtol` and `__isoc23_strtoul`, and a
// reference that nothing calls. On an older system (Debian 12, Ubuntu 22.04) this has the copy in
// `node_modules` ask for `strtol` and `strtoul` instead, which differ only in what they make of
// "0b1". Three entries of the table of symbols and two of the table of versions change; no code.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'

const SECTION = { dynamicSymbols: 11, symbolVersions: 0x6fffffff, versionsNeeded: 0x6ffffffe }
const SYMBOL_BYTES = 24
const WEAK_VERSION = 2
const WEAK_SYMBOL = 2
const NEW_VERSIONS = new Set(['GLIBC_2.38', 'GLIBCXX_3.4.32'])
const OLD_VERSION = 'GLIBC_2.2.5'
const C23_PREFIX = '__isoc23_'

interface Section {
  readonly type: number
  readonly offset: number
  readonly bytes: number
  /** The number of the section that holds its strings. */
  readonly link: number
}

class ElfFile {
  readonly #view: DataView
  readonly #bytes: Buffer
  readonly sections: readonly Section[]

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const at = Number(this.u64(0x28))
    const count = this.u16(0x3c)
    this.sections = Array.from({ length: count }, (_, index) => this.#section(at + index * 64))
  }

  #section(at: number): Section {
    return {
      type: this.u32(at + 4),
      offset: Number(this.u64(at + 24)),
      bytes: Number(this.u64(at + 32)),
      link: this.u32(at + 40),
    }
  }

  u16 = (at: number): number => this.#view.getUint16(at, true)
  u32 = (at: number): number => this.#view.getUint32(at, true)
  u64 = (at: number): bigint => this.#view.getBigUint64(at, true)
  setU16 = (at: number, value: number): void => this.#view.setUint16(at, value, true)
  setU32 = (at: number, value: number): void => this.#view.setUint32(at, value, true)
  setU8 = (at: number, value: number): void => this.#view.setUint8(at, value)
  u8 = (at: number): number => this.#view.getUint8(at)

  text(at: number): string {
    return this.#bytes.toString('latin1', at, this.#bytes.indexOf(0, at))
  }
}

function find(elf: ElfFile, type: number): Section | undefined {
  return elf.sections.find((section) => section.type === type)
}

/** Makes the versions that older systems lack optional; the numbers by which symbols name them. */
function relaxVersions(elf: ElfFile, needed: Section, strings: number) {
  const numbers = { dropped: new Set<number>(), old: 0 }
  for (let library = needed.offset; ; library += elf.u32(library + 12)) {
    for (let version = library + elf.u32(library + 8); ; version += elf.u32(version + 12)) {
      const name = elf.text(strings + elf.u32(version + 8))
      const isOfLibc = elf.text(strings + elf.u32(library + 4)).startsWith('libc.')
      if (name === OLD_VERSION && isOfLibc) numbers.old = elf.u16(version + 6)
      if (NEW_VERSIONS.has(name)) {
        numbers.dropped.add(elf.u16(version + 6))
        elf.setU16(version + 4, WEAK_VERSION)
      }
      if (elf.u32(version + 12) === 0) break
    }
    if (elf.u32(library + 12) === 0) return numbers
  }
}

/** The same library, asking for nothing that is newer than glibc 2.34. */
export function forOlderGlibc(library: Uint8Array): Uint8Array {
  const bytes = Buffer.from(library)
  const elf = new ElfFile(bytes)
  const symbols = find(elf, SECTION.dynamicSymbols)
  const versions = find(elf, SECTION.symbolVersions)
  const needed = find(elf, SECTION.versionsNeeded)
  const strings = symbols && elf.sections[symbols.link]
  if (!symbols || !versions || !needed || !strings) throw new Error('no dynamic symbols')
  const numbers = relaxVersions(elf, needed, strings.offset)
  for (let index = 0; index * SYMBOL_BYTES < symbols.bytes; index++) {
    const versionAt = versions.offset + index * 2
    if (!numbers.dropped.has(elf.u16(versionAt))) continue
    const symbol = symbols.offset + index * SYMBOL_BYTES
    if (elf.text(strings.offset + elf.u32(symbol)).startsWith(C23_PREFIX)) {
      // The old name is the tail of the new one, so the table of strings stays as it is.
      elf.setU32(symbol, elf.u32(symbol) + C23_PREFIX.length)
      elf.setU16(versionAt, numbers.old)
    } else {
      elf.setU8(symbol + 4, (elf.u8(symbol + 4) & 0x0f) | (WEAK_SYMBOL << 4))
    }
  }
  return bytes
}

/** Replaces the library by one for older systems. */
export function replaceForOlderGlibc(path: string): void {
  writeFileSync(`${path}.new`, forOlderGlibc(readFileSync(path)))
  renameSync(`${path}.new`, path)
}
