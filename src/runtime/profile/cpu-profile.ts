/** What `.cpuprofile` files hold, as far as Millrace reads it: a tree of frames, and samples. */

export interface CpuProfileFrame {
  readonly functionName: string
  readonly url: string
}

export interface CpuProfileNode {
  readonly id: number
  readonly callFrame: CpuProfileFrame
  readonly children?: readonly number[] | undefined
}

export interface CpuProfile {
  /** Parents come before their children. */
  readonly nodes: readonly CpuProfileNode[]
  /** Ids of the nodes that were running. */
  readonly samples?: readonly number[] | undefined
  /** Microseconds between a sample and the one before it, or the start. */
  readonly timeDeltas?: readonly number[] | undefined
}

/** A thread that was watched. */
export interface WatchedTime {
  readonly profile: CpuProfile
  /** After so many of them it began to process records; infinite: it did not. */
  readonly beginMs: number
  readonly wallMs: number
  /** How long the thread ran. */
  readonly cpuMs: number
}
