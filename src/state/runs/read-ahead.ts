/**
 * Reads pieces one after the other. From a store far away the next ones are asked for while one is
 * worked on: each answer takes its time, however few bytes it has.
 */

/**
 * @param read begins to read a piece
 * @param aheadMax so many are on their way besides the one that is waited for; 0: none is, and a
 *   piece is asked for when the one before has been taken
 */
export async function* readPieces<Piece>(
  pieces: Iterable<Piece>,
  read: (piece: Piece) => Promise<Uint8Array>,
  aheadMax: number,
): AsyncGenerator<readonly [piece: Piece, bytes: Uint8Array]> {
  const rest = pieces[Symbol.iterator]()
  const coming: { readonly piece: Piece; readonly bytes: Promise<Uint8Array> }[] = []
  const ask = (count: number): void => {
    while (coming.length < count) {
      const next = rest.next()
      if (next.done === true) return
      const bytes = read(next.value)
      bytes.catch(() => undefined) // told when its turn comes, if it does
      coming.push({ piece: next.value, bytes })
    }
  }
  try {
    for (;;) {
      ask(aheadMax + 1)
      const first = coming.shift()
      if (first === undefined) return
      const bytes = await first.bytes
      ask(aheadMax)
      yield [first.piece, bytes]
    }
  } finally {
    // Nothing is under way any more when who read has ended.
    await Promise.allSettled(coming.map(({ bytes }) => bytes))
  }
}
