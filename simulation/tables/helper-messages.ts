/** What goes between a simulated worker and the one thread that stands for all helper threads. */
import type { FaultChances, ServerFault } from '../fault-kinds.ts'

export type ServerChances = Readonly<Record<ServerFault, number>> & Partial<FaultChances>

/** Opens the server's end of a store. */
export interface Opening {
  /** As `HelperSpec` has it: what the server is is known by it. */
  readonly module: string
  readonly options: unknown
  readonly scope: string
  readonly seed: number
  readonly chances: ServerChances
}

export interface Call {
  /** A simulated world, and a store in it. */
  readonly world: number
  readonly store: number
  /** Absent: it is open. */
  readonly opening?: Opening
  /** With the virtual time at which each was made. */
  readonly requests: readonly { readonly bytes: Uint8Array; readonly atMs: number }[]
  readonly nowMs: number
  /** How much longer it may take, until there is an answer. */
  readonly waitMs: number
  readonly isHealed: boolean
}

/** All of a world is over. */
export interface End {
  readonly ends: number
}

export interface Reply {
  readonly answers: readonly Uint8Array[]
  readonly nowMs: number
  readonly struck: readonly ServerFault[]
  /** Of all that has happened there. */
  readonly hash: string
  readonly violation?: string
}
