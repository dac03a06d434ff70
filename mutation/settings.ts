// What a run mutates and how thoroughly, in one place. Stryker hands the settings, as a part of its
// own, to each of its processes.

/** Where all that a run leaves is kept: git, prettier and the tests of style pass it over. */
export const CACHE = '.millrace/mutation'
export const TIMINGS_FILE = `${CACHE}/timings.json`

/**
 * The folders whose mutants count, and the tests that are run for each: tests within one process,
 * since a mutant is switched on in memory, and other processes have none.
 */
export const TESTS_OF = {
  // No whole jobs: one that a mutant has broken leaves threads and folders to the next.
  'src/checkpoint': ['test/checkpoint/**/*.test.ts'],
  'src/savepoint': ['test/savepoint/**/!(in-flight).test.ts'],
  'src/state': [
    'test/state/**/*.test.ts',
    'test/testing/**/*.test.ts',
    'test/types/key*.test.ts',
    'test/time/**/*.test.ts',
  ],
} as const

/** The share of mutants that a test must find. */
export const TARGET = 0.85

export interface Settings {
  /** Patterns of the test files that are run. */
  readonly tests: readonly string[]
  /** Of the environment, for the tests' files alone. */
  readonly variables: readonly string[]
  /** Of the mutants, 0 to 1. */
  readonly share: number
  readonly seed: number
  /** Processor time of tests for one mutant; those beyond it are not run, which favours it. */
  readonly budgetMs: number
  /** Tests that take more processor time than this are never run. */
  readonly testMaxMs: number
  /** Runs of a property at most. */
  readonly runsMax: number
}

/** As Stryker injects it. */
export interface StrykerOptions {
  readonly millrace: Settings
}

export interface Mutant {
  readonly id: string
  readonly fileName: string
  readonly mutatorName: string
  readonly replacement: string
  readonly location: { readonly start: Position; readonly end: Position }
}

export interface Position {
  readonly line: number
  readonly column: number
}
