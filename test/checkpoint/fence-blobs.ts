// The storage of the model of leaders: names with contents as text, so that states can be compared.
import { sequenceOfLink } from '../../src/checkpoint/layout.ts'
import { decodeLink, hashOf } from '../../src/checkpoint/manifest-codec.ts'
import type { ManifestLink } from '../../src/checkpoint/manifest.ts'
import type { Shared } from '../explore/threads.ts'

/** What the storage holds, and every link that was ever there. */
export class Blobs implements Shared {
  readonly held: Map<string, string>
  readonly links: Map<string, string>
  failures: number

  constructor(held: Map<string, string>, links: Map<string, string>, failures: number) {
    this.held = held
    this.links = links
    this.failures = failures
  }

  copy(): Blobs {
    return new Blobs(new Map(this.held), new Map(this.links), this.failures)
  }

  get key(): string {
    const held = [...this.held].map(([name, text]) => {
      return name + (sequenceOfLink(name) === undefined ? '' : linkOf(name, text)[1])
    })
    const links = [...this.links].map(([name, text]) => name + linkOf(name, text)[1])
    return `${held.toSorted().join()} ${links.toSorted().join()} ${this.failures}`
  }
}

export const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

const decoded = new Map<string, readonly [ManifestLink, string]>()

/** The link, and its hash. */
export function linkOf(name: string, text: string): readonly [ManifestLink, string] {
  const known = decoded.get(text)
  if (known !== undefined) return known
  const link = [decodeLink(bytesOf(text), name), hashOf(bytesOf(text))] as const
  decoded.set(text, link)
  return link
}
