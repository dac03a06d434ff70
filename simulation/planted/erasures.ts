/** Planted bugs of erasing: vaults, and the keys that they make or no longer make. */
import type { PlantedBug } from './bug.ts'

const VAULTS = 'src/checkpoint/vaults.ts'

export const erasureBugs: readonly PlantedBug[] = [
  {
    name: 'old-vault-believed',
    symptom: 'after a crash between put and deletion nobody gets past the vaults that are there',
    file: VAULTS,
    find: '    const number = (await vaultNumbers(store)).at(-1)\n',
    replace: '    const number = (await vaultNumbers(store)).at(0)\n',
  },
  {
    name: 'old-vault-stays',
    symptom: 'who has the storage and the keys can undo an erasure with the vault before it',
    file: VAULTS,
    find:
      '    for (const older of numbers) ' +
      'if (older < number) await store.delete(vaultName(older))\n',
    replace: '',
  },
  {
    name: 'told-erased-before-the-vault',
    symptom: 'the command says that a subject is erased; it is killed then, and it is not',
    file: 'src/runtime/erase-stopped.ts',
    find: '  await leadVault(vaults, store,',
    replace: '  void leadVault(vaults, store,',
  },
  {
    name: 'only-the-first-erasure-counts',
    symptom: 'of all subjects that were to be erased the first is, and the others are not',
    file: 'src/encryption/subjects/key-tree.ts',
    find: '  return hasLeaf(tree, tag) ? without(tree, tag, 0) : tree\n',
    replace:
      "  const isWhole = tree !== undefined && !('branches' in tree)\n" +
      '  return isWhole ? without(tree, tag, 0) : tree\n',
  },
  {
    name: 'tag-used-again',
    symptom: 'a subject that comes back after it was erased has no key, and its job fails',
    file: 'src/encryption/subjects/vault.ts',
    find: '      if (this.has(tag)) return tag\n',
    replace: '      if (generation >= 0) return tag\n',
  },
]
