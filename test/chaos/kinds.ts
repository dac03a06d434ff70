/**
 * The kinds of disturbance, and how many of each a deck of rounds has. Every life of a job takes
 * its rounds from the deck, so that each kind comes again and again, in an order that the seed
 * decides.
 */

interface Kind {
  /** Cards in a deck. `full` and `ebb` have none: they are for lives on a disk of their own. */
  readonly cards: number
  readonly what: string
}

export const KINDS = {
  kill: { cards: 5, what: 'kill -9 at a random moment, also while it starts' },
  point: { cards: 8, what: 'kill -9 at a named point of the engine' },
  takeover: { cards: 3, what: 'kill -9 of a leader for whom another process stands by' },
  successor: { cards: 3, what: 'the same; the successor dies at a named point, another follows' },
  asleep: { cards: 1, what: 'SIGSTOP of a leader until it is succeeded, then SIGCONT' },
  handover: { cards: 2, what: 'the job is handed over; sometimes kill -9 meanwhile' },
  pause: { cards: 2, what: 'SIGSTOP and SIGCONT of a process for whom nobody stands by' },
  worker: { cards: 4, what: 'a worker thread dies, or never answers again' },
  slow: { cards: 2, what: 'slowed file calls, then kill -9' },
  stop: { cards: 2, what: 'stopped, and run again at another parallelism or backend' },
  savepoint: { cards: 3, what: 'stopped with a savepoint, run from it; sometimes kill -9 there' },
  rollback: { cards: 2, what: 'kill -9, then back to an older checkpoint' },
  rival: { cards: 1, what: 'a second process is started for the same job, and refused' },
  rot: { cards: 2, what: 'kill -9, and the newest link or run is damaged' },
  handles: { cards: 1, what: 'a process that may open few files' },
  full: { cards: 0, what: 'the disk is full; sometimes kill -9 there' },
} as const satisfies Readonly<Record<string, Kind>>

export type KindName = keyof typeof KINDS

/** Written at a place for names; keeps the order above. */
export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[]

export function isKind(name: string): name is KindName {
  return Object.hasOwn(KINDS, name)
}

/** Points that every job comes to again and again, and how often one may be passed at most. */
export const POINTS: Readonly<Record<string, number>> = {
  'run-write': 3,
  'run-before-close': 3,
  'run-after-close': 3,
  'before-manifest': 3,
  'after-manifest': 3,
  'before-commit': 3,
  'after-commit': 3,
  merge: 1,
  'merge-before-close': 1,
  'gc-begin': 2,
  'gc-link-deleted': 2,
  'gc-run-deleted': 2,
  'before-fence': 1,
  'after-fence': 1,
  restored: 1,
  'sink-part-created': 3,
  'sink-part-written': 3,
  'sink-part-sealed': 3,
  'sink-prepared': 3,
  'sink-before-commit': 3,
  'sink-linked': 3,
  'sink-committed': 3,
  'sink-recovered': 1,
}

/** Points of a process that has just taken over. */
export const SUCCESSOR_POINTS = [
  'before-fence',
  'after-fence',
  'taken-over',
  'restored',
  'run-write',
  'before-manifest',
  'after-manifest',
  'before-commit',
  'after-commit',
  'gc-link-deleted',
]

/** Points of an import: of all jobs that start from a savepoint, and of those that claim it. */
export const IMPORT_POINTS = ['run-imported', 'before-import-link', 'after-import-link']
export const CLAIM_POINTS = [...IMPORT_POINTS, 'claimed-deleted']

/** Points of a rollback, in the sink that takes output back. */
export const ROLLBACK_POINTS = ['sink-before-withdraw', 'sink-withdrawn', 'restored']
