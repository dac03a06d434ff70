/** Snapshots without a running job: their state read, compared, changed and made. */
export { Snapshot } from './snapshot.ts'
export { OperatorSnapshot } from './operator-snapshot.ts'
export type { NonKeyedEntry, SnapshotTimer, StateRow } from './operator-snapshot.ts'
export type { SnapshotWindow } from './windows.ts'
export type { StateOwner, StateValues, ValueOfState } from './state-values.ts'
export { inFlightInventory, inventory } from './inventory.ts'
export type { InFlightInventory, OperatorInventory, StateInventory } from './inventory.ts'
export { differences } from './difference.ts'
export type { StateDifference } from './difference.ts'
export { openEncryptedStore, openSignedStore } from './open-store.ts'
export type { Keys, SigningKeys } from './open-store.ts'
export type { KeyProvider } from '../encryption/key-provider.ts'
export type { SignatureProvider } from '../signing/signature-provider.ts'
export { writeSavepoint } from './write.ts'
export type { SavepointSpec } from './write.ts'
export { convertSavepoint } from './convert.ts'
export type { Conversion, ConversionSpec } from './convert.ts'
export { changed, dropped, fromIterable, fromSnapshot } from './changes.ts'
export { rekeyed } from './rekeyed.ts'
export type { RekeyOptions } from './rekeyed.ts'
export type {
  ChangedOperator,
  ChangeOptions,
  DroppedOperator,
  NewOperator,
  NewOperatorOptions,
  NewTimer,
  OperatorChange,
  OperatorStateContents,
  StateContents,
  StateEntry,
} from './changes.ts'
