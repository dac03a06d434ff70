/** Planted bugs of blobs in chunks on servers: what is there when a name is given, and whose. */
import type { PlantedBug } from './bug.ts'

const BLOBS = 'src/storage/cassandra/blobs.ts'
const WRITER = 'src/storage/remote/chunked-writer.ts'

export const chunkBugs: readonly PlantedBug[] = [
  {
    name: 'name-given-before-the-chunks',
    symptom: 'a checkpoint names a file of which parts are not there',
    file: WRITER,
    find: '    await this.#sending.settled()\n    this.#sending.check()\n    const isPublished',
    replace: '    const isPublished',
  },
  {
    name: 'failed-chunk-goes-unnoticed',
    symptom: 'a checkpoint is complete although the server was too busy to take a part of it',
    file: WRITER,
    find: '    this.#sending.check()\n    const isPublished',
    replace: '    const isPublished',
  },
  {
    name: 'own-commit-taken-for-anothers',
    symptom: 'a leader ends because it takes its own put, which was not answered, for a rival',
    file: BLOBS,
    find: "const holder = refusal === undefined ? id : refusal['current']",
    replace: "const holder = refusal === undefined ? id : 'another'",
  },
  {
    name: 'published-blob-cleaned-away',
    symptom: 'a process that begins deletes chunks of a file that has just got its name',
    file: BLOBS,
    find: '    if (head?.id === id) {\n',
    replace: "    if (head?.id === id && name === '') {\n",
  },
  {
    name: 'chunk-read-from-its-beginning',
    symptom: 'what is read from the middle of a file are bytes of another place',
    file: 'src/storage/remote/chunks.ts',
    find: 'chunk.subarray(from, end - partStart)',
    replace: 'chunk.subarray(0, end - partStart - from)',
  },
  {
    name: 'list-without-what-is-in-doubt',
    symptom: 'a leader does not see the newest link, and begins to write over it',
    file: BLOBS,
    find: '    await eachOf(doubtful, AT_ONCE, async (name) => {\n',
    replace: '    await eachOf(doubtful.slice(1), AT_ONCE, async (name) => {\n',
    uncaught:
      'who begins settles what is in doubt, and who puts a link that was not listed is refused',
  },
]
