/**
 * Who signs manifests: keys in memory (`local-signers.ts`), or a service that never gives its key
 * away. What AWS KMS calls Sign and Verify, or GenerateMac and VerifyMac, is what it needs.
 */

/**
 * Signs and verifies. Asked once for each manifest that is written, and once for each that is read.
 *
 * @example
 * export default {
 *   current: async () => 'alias/orders',
 *   sign: (keyId, message) => service.sign(keyId, message),
 *   verify: (keyId, message, signature) => service.verify(keyId, message, signature),
 * } satisfies SignatureProvider
 */
export interface SignatureProvider {
  /** Id of the key for what is written from now on: 1 to 200 printable ASCII characters. */
  current(): Promise<string>
  /** At most 1,024 bytes. `message` may be as long as a manifest: some services want its hash. */
  sign(keyId: string, message: Uint8Array): Promise<Uint8Array>
  /**
   * Whether `signature` is what `sign` gave for this message, also under an older key. Throws
   * `KEY_NOT_FOUND` if there is no such key; what else it throws is taken for a failure that a
   * retry may cure.
   */
  verify(keyId: string, message: Uint8Array, signature: Uint8Array): Promise<boolean>
}
