/** A store on a real server, and its plain client: the same bytes, with no engine between them. */

export interface Place {
  /** Where Millrace keeps checkpoints, in a folder of its own. */
  readonly location: string
  /** Resolves when the server has all of the bytes. */
  upload(name: string, bytes: Uint8Array): Promise<void>
  /** Resolves with how many bytes came. */
  download(name: string, lengthBytes: number): Promise<number>
  close(): Promise<void>
}

/** The parts of some bytes, by number. */
export function partsOf(bytes: Uint8Array, partBytes: number): readonly [number, Uint8Array][] {
  return Array.from({ length: Math.ceil(bytes.length / partBytes) }, (_, part) => [
    part,
    bytes.subarray(part * partBytes, (part + 1) * partBytes),
  ])
}

/** The numbers of the parts that so many bytes have. */
export const partNumbers = (lengthBytes: number, partBytes: number): readonly number[] =>
  Array.from({ length: Math.ceil(lengthBytes / partBytes) }, (_, part) => part)
