/**
 * Scratch files on the disk of a simulated machine: their bytes are lost with the attempt, but the
 * disk may be full, fail, or give other bits than were written.
 */
import { storageError } from '../../src/storage/local-errors.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import type { Scratch, ScratchFile } from '../../src/storage/scratch.ts'
import { systemError } from './disk.ts'
import type { SimMachine } from './machine.ts'

export class SimScratch implements Scratch {
  readonly directory: string
  readonly #machine: SimMachine
  readonly #memory: MemoryScratch

  constructor(machine: SimMachine, directory: string) {
    this.#machine = machine
    this.directory = directory
    this.#memory = new MemoryScratch(directory)
  }

  create(name: string): ScratchFile {
    const machine = this.#machine
    requireNo(machine.has('tooManyFiles'), 'EMFILE', 'create', name)
    const file = this.#memory.create(name)
    return {
      get lengthBytes() {
        return file.lengthBytes
      },
      append(bytes) {
        requireNo(machine.has('diskFull'), 'ENOSPC', 'write', name)
        requireNo(machine.world.faults.strikes('diskError'), 'EIO', 'write', name)
        file.append(bytes)
      },
      read(offsetBytes, lengthBytes) {
        requireNo(machine.world.faults.strikes('diskError'), 'EIO', 'read', name)
        return machine.asRead(file.read(offsetBytes, lengthBytes))
      },
      delete: () => file.delete(),
    }
  }

  close(): void {
    this.#memory.close()
  }
}

function requireNo(trouble: boolean, code: string, action: string, name: string): void {
  if (trouble) throw storageError(action, name, systemError(code, 'injected'))
}
