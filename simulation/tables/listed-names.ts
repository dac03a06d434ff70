/** The table of names that lists are read from: what may be in a folder (stage 0), and what is. */
import type { Row } from '../../src/storage/cassandra/driver.ts'
import type { Statements } from '../../src/storage/cassandra/tables.ts'

interface Listed {
  readonly name: string
  readonly stage: number
  readonly id: string
  readonly length: bigint | null
  readonly timestamp: number
}

const OF_NAMES = ['intend', 'confirm', 'doubt', 'forget', 'names', 'namesBelow'] as const

type OfNames = (typeof OF_NAMES)[number]

export function isOfNames(name: keyof Statements): name is OfNames {
  return OF_NAMES.some((each) => each === name)
}

export class ListedNames {
  readonly #folders = new Map<string, Map<string, Listed>>()
  /** When rows, or all of a stage, were deleted. */
  readonly #gone = new Map<string, number>()

  run(name: OfNames, values: readonly unknown[], timestamp: number): readonly Row[] {
    const [folder, , blob, id, length] = values
    const [of, named] = [String(folder), String(blob)]
    switch (name) {
      case 'intend':
        this.#put(of, { name: named, stage: 0, id: String(id), length: null, timestamp })
        return []
      case 'confirm': {
        // As the production code gives it.
        const listed = { name: named, stage: 1, id: String(id), length: length as bigint }
        this.#put(of, { ...listed, timestamp })
        return []
      }
      case 'doubt':
        this.#drop(`${of} ${named} 1`, timestamp)
        return []
      case 'forget':
        this.#drop(`${of} ${named} 0 ${String(id)}`, timestamp)
        return []
      case 'names':
        return this.#rows(of, () => true)
      case 'namesBelow': {
        const [from, to] = [String(values[1]), String(values[2])]
        return this.#rows(of, (each) => each >= from && each < to)
      }
    }
  }

  #put(folder: string, listed: Listed): void {
    const key = `${listed.name} ${listed.stage} ${listed.id}`
    const names = this.#folders.get(folder) ?? new Map<string, Listed>()
    this.#folders.set(folder, names)
    if ((names.get(key)?.timestamp ?? -1) <= listed.timestamp) names.set(key, listed)
  }

  #drop(what: string, timestamp: number): void {
    this.#gone.set(what, Math.max(this.#gone.get(what) ?? -1, timestamp))
  }

  #rows(folder: string, isWanted: (name: string) => boolean): readonly Row[] {
    const names = this.#folders.get(folder) ?? new Map<string, Listed>()
    // They do not come back: when they were deleted is remembered.
    for (const [key, each] of names) if (this.#isGone(folder, each)) names.delete(key)
    return [...names.values()]
      .filter((each) => isWanted(each.name))
      .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
      .map(({ name, stage, id, length }) => ({ name, stage, id, length }))
  }

  #isGone(folder: string, { name, stage, id, timestamp }: Listed): boolean {
    const ofStage = `${folder} ${name} ${stage}`
    return [ofStage, `${ofStage} ${id}`].some((what) => (this.#gone.get(what) ?? -1) >= timestamp)
  }
}

function keyOf({ name, stage, id }: Listed): string {
  return `${name} ${stage} ${id}`
}
