/** Planted bugs of the store of files: what is durable when, and what it says of what is there. */
import type { PlantedBug } from './bug.ts'

const LOCAL = 'src/storage/local.ts'
const FOLDERS = 'src/storage/local-folders.ts'
const WRITER = 'src/storage/local-writer.ts'

export const storageBugs: readonly PlantedBug[] = [
  {
    name: 'file-not-synced',
    symptom: 'after a loss of power the newest checkpoint names files that are empty',
    file: WRITER,
    find: '      await this.#file.sync()\n',
    replace: '',
  },
  {
    name: 'file-synced-after-its-link',
    symptom: 'a loss of power leaves a file under its name before its contents are there',
    file: WRITER,
    find:
      '      await this.#file.sync()\n      await this.#file.close()\n' +
      "      await at('blob-synced')\n      trace('link', `${name}.tmp ${name}`)\n" +
      '      await system.link(temporary, path)\n',
    replace:
      "      await at('blob-synced')\n      await system.link(temporary, path)\n" +
      '      await this.#file.sync()\n      await this.#file.close()\n',
  },
  {
    name: 'folder-not-synced',
    symptom: 'after a loss of power a checkpoint that was complete is gone',
    file: WRITER,
    find: '      await syncFolder()\n',
    replace: '',
  },
  {
    name: 'new-folder-not-synced',
    symptom: 'after a loss of power a whole folder of files is gone',
    file: FOLDERS,
    find: '        await this.sync(join(top, ...parts.slice(0, depth)))\n',
    replace: '',
  },
  {
    name: 'short-write-taken-for-whole',
    symptom: 'a file lacks its end when the disk takes less than it was given',
    file: WRITER,
    find: '      while (written < chunk.length) {\n',
    replace: '      if (written < chunk.length) {\n',
  },
  {
    name: 'short-read-taken-for-whole',
    symptom: 'what is read ends in garbage when the disk gives less than it was asked for',
    file: LOCAL,
    find: '      while (filled < bytes.length) {\n',
    replace: '      if (filled < bytes.length) {\n',
  },
  {
    name: 'failed-put-taken-back',
    symptom: 'a link that others have seen already is deleted again',
    file: LOCAL,
    find: '        if (writer.linked) throw error\n',
    replace:
      '        if (writer.linked) {\n' +
      '          await writer.abort()\n' +
      '          throw error\n' +
      '        }\n',
  },
  {
    name: 'deletion-not-synced',
    symptom: 'after a loss of power a deleted manifest is back without the files that it names',
    file: LOCAL,
    find: '    await this.#settle(dirname(path))\n',
    replace: '',
  },
  {
    name: 'deletion-by-another-not-synced',
    symptom: 'after a loss of power a manifest is back that another process had just deleted',
    file: LOCAL,
    find: "if (systemCode(cause) !== 'ENOENT') throw storageError('delete', path, cause)",
    replace:
      "if (systemCode(cause) === 'ENOENT') return\n      throw storageError('delete', path, cause)",
  },
  {
    name: 'chain-not-settled-before-the-fence',
    symptom: 'after a loss of power a fence follows a link that is gone',
    file: LOCAL,
    find: '    await this.#settle(this.#path(prefix.slice(0, -1)))\n',
    replace: '',
  },
]
