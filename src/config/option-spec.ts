/** What an entry of the table of options (`options.ts`) can say of an option. */

/** Where an option may be given. `run` is the options of `run()` and the flags of the CLI. */
export type OptionPlace = 'code' | 'file' | 'environment' | 'run'

interface SpecBase {
  /** One sentence for help and reference. */
  readonly summary: string
  /** Its own flag; every option can also be set with `--set key=value`. */
  readonly flag?: string
  /** Stands for the value of the flag in help; default: by the type. */
  readonly valueName?: string
  /** Absent: everywhere. */
  readonly places?: readonly OptionPlace[]
  /** How the default reads, where the value alone does not say it. */
  readonly defaultText?: string
}

export type OptionSpec = SpecBase &
  (
    | {
        readonly type: 'duration'
        readonly default: number | undefined
        readonly min?: number
      }
    | { readonly type: 'size'; readonly default: number | undefined; readonly min?: number }
    | {
        readonly type: 'integer'
        readonly default: number
        readonly min: number
        readonly max: number
      }
    | { readonly type: 'boolean'; readonly default: boolean }
    | { readonly type: 'string'; readonly default: string | undefined }
    | { readonly type: 'names'; readonly default: readonly string[] }
    /** Old names by new ones; as text `new=old,…`. */
    | { readonly type: 'renames'; readonly default: Readonly<Record<string, string>> }
    | {
        readonly type: 'enum'
        readonly default: string
        readonly values: readonly string[]
        /** Its flag takes no value and means this one. */
        readonly switchValue?: string
      }
    /** A name, or in code the backend itself: `hashmap()`, `rocksdb({ … })` or your own. */
    | { readonly type: 'backend'; readonly default: string; readonly values: readonly string[] }
  )
