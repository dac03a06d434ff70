/**
 * Where keys come from. Blobs are encrypted under data keys that Millrace makes; a provider only
 * wraps and unwraps these under keys that it never hands out: a key management service, or keys in
 * memory (`local-keys.ts`). What AWS calls Encrypt and Decrypt is what it needs.
 */

/** Bytes of a data key and of a key that wraps it: AES-256. */
export const KEY_BYTES = 32

/**
 * Wraps data keys. Each thread of a job has one of its own and asks it a few times in its life, not
 * for each file.
 *
 * @example
 * export default {
 *   current: async () => 'alias/orders',
 *   wrap: (keyId, dataKey) => service.encrypt(keyId, dataKey),
 *   unwrap: (keyId, wrapped) => service.decrypt(keyId, wrapped),
 * } satisfies KeyProvider
 */
export interface KeyProvider {
  /** Id of the newest key, for what is written from now on: 1 to 200 printable ASCII characters. */
  current(): Promise<string>
  /** A data key under a key; at most 700 bytes. */
  wrap(keyId: string, dataKey: Uint8Array): Promise<Uint8Array>
  /**
   * What was wrapped, also under an older key. Throws `KEY_NOT_FOUND` if there is no such key,
   * `DECRYPTION_FAILED` if it is another one than the data key was wrapped under; what else it
   * throws is taken for a failure that a retry may cure.
   */
  unwrap(keyId: string, wrapped: Uint8Array): Promise<Uint8Array>
}
