/** Where in an Avro schema, for messages and for the names that hold there. */
import { isMillraceError, type MillraceError } from '../errors.ts'
import { invalidType } from '../types/codec.ts'
import { cut } from '../types/mismatch.ts'

const PATH_CHARS_MAX = 160

export interface Place {
  readonly path: string
  readonly namespace: string
  readonly depth: number
}

/** One level further in; `segment` is empty for a type that stands for its outer one. */
export function inner(place: Place, segment: string): Place {
  const dot = segment === '' || segment.startsWith('[') ? '' : '.'
  return { ...place, path: place.path + dot + segment, depth: place.depth + 1 }
}

export function invalid({ path }: Place, problem: string): MillraceError {
  return invalidType(`${cut(path, PATH_CHARS_MAX)}: ${problem}`)
}

/** What cannot be made says where it stands. */
export function located<T>(place: Place, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (isMillraceError(error) && error.code === 'TYPE_INVALID') {
      throw invalid(place, error.message)
    }
    throw error
  }
}
