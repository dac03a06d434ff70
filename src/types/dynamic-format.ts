/**
 * Constants of the self-describing encoding of undeclared values, frozen by format version 1 and
 * described byte by byte in `docs/internals/values.md`.
 */

/** First byte of every value. The four ranges carry a small number in the tag itself. */
export const TAG = {
  /** 0x00–0x7f: the integers 0 to 127. */
  SMALL_INTEGER_MAX: 0x7f,
  /** 0x80–0x9f: a string of 0 to 31 bytes of UTF-8. */
  SHORT_STRING: 0x80,
  /** 0xa0–0xaf: an object with 0 to 15 fields. */
  SHORT_OBJECT: 0xa0,
  /** 0xb0–0xbf: an array of 0 to 15 elements. */
  SHORT_ARRAY: 0xb0,
  UNDEFINED: 0xc0,
  NULL: 0xc1,
  FALSE: 0xc2,
  TRUE: 0xc3,
  INT8: 0xc4,
  INT16: 0xc5,
  INT32: 0xc6,
  FLOAT64: 0xc7,
  BIGINT: 0xc8,
  STRING: 0xc9,
  STRING_UTF16: 0xca,
  DATE: 0xcb,
  BYTES: 0xcc,
  ARRAY: 0xcd,
  MAP: 0xce,
  SET: 0xcf,
  OBJECT: 0xd0,
  /** An object whose prototype is null. */
  BARE_OBJECT: 0xd1,
} as const

export const SHORT_STRING_BYTES_MAX = 31
export const SHORT_COUNT_MAX = 15
export const DYNAMIC_DEPTH_MAX = 200
/** 2^23 bits; more is refused on both sides, for conversions of larger ones take seconds. */
export const BIGINT_BYTES_MAX = 1 << 20
