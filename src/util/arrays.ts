/** Arrays whose length is known before their elements are. */

/** An array with room for `length` elements at once. */
export function arrayOf<T>(length: number): (T | undefined)[] {
  // oxlint-disable-next-line unicorn/no-new-array -- growing it by element would copy it many times
  return new Array<T | undefined>(length)
}
