/** Planted bugs of state on servers: scopes, what is under way, what was never written. */
import type { PlantedBug } from './bug.ts'

const SERVER = 'src/state/remote/remote-server.ts'
const STORE = 'src/state/remote/remote-store.ts'
const TABLE = 'src/state/cassandra/table.ts'

export const remoteBugs: readonly PlantedBug[] = [
  {
    name: 'scope-of-a-former-attempt-used-again',
    symptom: 'after a recovery rows of the attempt before are there, which are of later records',
    file: 'src/state/remote/remote-backend.ts',
    find: 'scope: random.id()',
    replace: "scope: 'state'",
  },
  {
    name: 'written-key-forgotten',
    symptom: 'a key that has left memory is taken for new: its state begins anew',
    file: STORE,
    find: '      if (batch.values[index] !== undefined) this.#written.add(key)\n',
    replace: '      if (batch.values[index] !== undefined && index < 4) this.#written.add(key)\n',
  },
  {
    name: 'row-read-past-its-write',
    symptom: 'a row that is read while it is being written has its former value',
    file: SERVER,
    find: '      if (put === undefined) asked.push({ key, at })\n',
    replace: '      asked.push({ key, at })\n',
  },
  {
    name: 'older-write-under-way-is-read',
    symptom: 'of two writes of a row that are under way the older one is read',
    file: SERVER,
    find: 'this.#steps.findLast(({ puts }) => puts.has(text))',
    replace: 'this.#steps.find(({ puts }) => puts.has(text))',
  },
  {
    name: 'scan-before-what-was-written',
    symptom: 'entries of a map that have just left memory are missing when it is iterated',
    file: SERVER,
    find: '    await this.#written()\n    return await this.#opened.scan(scan)\n',
    replace: '    return await this.#opened.scan(scan)\n',
  },
  {
    name: 'rows-added-to-a-write-that-has-begun',
    symptom: 'rows that leave memory while others are being written are lost',
    file: SERVER,
    find: '    const isFit = last?.hasBegun === false && last.range === undefined',
    replace: '    const isFit = last?.range === undefined && last !== undefined',
  },
  {
    name: 'failed-write-goes-unnoticed',
    symptom: 'rows that the server never took are gone, and the job goes on',
    file: SERVER,
    find: '        this.#failure = { error }\n',
    replace: '        void error\n',
  },
  {
    name: 'deletion-lost-on-its-way',
    symptom: 'state that was deleted after it had left memory is back',
    file: TABLE,
    find: "        return value === undefined ? ['empty', ...place] :",
    replace: "        return value === undefined ? ['get', this.#scope.name, headOf(key), [key]] :",
  },
  {
    name: 'only-the-first-page-is-read',
    symptom: 'of many rows that are asked for at once some are taken for missing',
    file: 'src/state/cassandra/requests.ts',
    find: '    } while (pageState !== undefined)\n    return rows\n',
    replace: '    } while (pageState !== undefined && rows.length === 0)\n    return rows\n',
  },
  {
    name: 'deleted-row-read-as-an-empty-one',
    symptom: 'a key whose state was deleted after it had left memory cannot be read any more',
    file: 'src/state/remote/rows.ts',
    find: '  return bytes.length === 0 ? undefined : bytes.subarray(HELD.length)\n',
    replace: '  return bytes.subarray(HELD.length)\n',
  },
]
