/**
 * Declares the single-encoding methods that `Buffer` has always had but its types leave out: in
 * short strings, `toString(encoding)` and `write(…, encoding)` cost as much as the copy itself.
 */
declare global {
  // Merges with the interface of @types/node, whose parameters it must repeat.
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    latin1Slice(start: number, end: number): string
    ucs2Slice(start: number, end: number): string
    utf8Slice(start: number, end: number): string
    ucs2Write(text: string, offset: number, lengthBytes: number): number
    utf8Write(text: string, offset: number, lengthBytes: number): number
  }
}

export {}
