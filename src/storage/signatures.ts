/**
 * What a store says of who vouches for what is in it. Signing itself is in `signing/`; whoever
 * writes and reads manifests (`checkpoint/link-signature.ts`) finds here whether it has to.
 */

export interface Signature {
  /** Of the key; which algorithm it is for is known with the key, and is not said by the file. */
  readonly keyId: string
  /** Base64. */
  readonly value: string
}

export interface Signatures {
  /**
   * A signature under the newest key.
   *
   * @throws `KEY_NOT_FOUND` if there are only keys to verify with, `KEY_UNAVAILABLE`.
   */
  sign(message: Uint8Array): Promise<Signature>
  /**
   * Nothing if the signature is right.
   *
   * @param name of the file, for messages.
   * @throws `SIGNATURE_INVALID`, `KEY_NOT_FOUND`, `KEY_UNAVAILABLE`.
   */
  verify(message: Uint8Array, signature: Signature, name: string): Promise<void>
}
