/** Links of a chain as the documented format has them, as far as checks look at them. */
interface Groups {
  readonly start: number
  readonly end: number
}

/** A reference to a run. */
export interface RunJson {
  readonly name: string
  readonly lengthBytes: number
  readonly footerChecksum: number
  readonly entries: number
  readonly keyGroups: Groups
  readonly operators?: readonly number[]
}

/** What a task has contributed. */
export interface TaskJson {
  readonly vertex: number
  readonly subtaskIndex: number
  readonly runs: readonly RunJson[]
  readonly records?: RunJson
}

export interface LinkJson {
  readonly kind: 'checkpoint' | 'fence'
  readonly sequence: number
  readonly previousHash: string
  readonly lineage: string
  readonly leaderEpoch: number
  readonly checkpointId?: number
  readonly restores?: number
  readonly finished?: boolean
  readonly leader?: string
  readonly givesUp?: object
  readonly imports?: object
  readonly tasks?: readonly TaskJson[]
}
