/** A secret for each person, or whatever else a job may have to forget, as long as it is kept. */
export interface SubjectKeys {
  /** The tag of a subject now, 16 bytes: another one after it was erased. */
  tagOf(subject: Uint8Array): Uint8Array
  /** The key of this tag, 32 bytes; undefined if it was erased. Not to be changed. */
  keyOf(tag: Uint8Array): Uint8Array | undefined
  /** True unless the key of this tag was erased; cheaper than asking for it. */
  has(tag: Uint8Array): boolean
}
