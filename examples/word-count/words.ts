// What a word is: letters and apostrophes, in lower case; quotation marks around it do not count.

const word = /\p{L}[\p{L}']*/gu

/** The words of a line, in order. */
export function wordsOf(line: string): readonly string[] {
  return line.toLowerCase().match(word) ?? []
}
