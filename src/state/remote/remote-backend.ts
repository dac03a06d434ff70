/**
 * State beyond memory on a server: the tables of every backend as a write-back cache over a remote
 * store. Each opening of it is a scope of its own, so nobody ever reads what another attempt wrote.
 */
import { systemRandom } from '../../util/random.ts'
import type { BackendContext, StateBackend } from '../backend.ts'
import type { ColdStore } from '../cold-store.ts'
import { TableBackend } from '../table/table-backend.ts'
import { startHelper } from './helper-thread.ts'
import { RemoteStore } from './remote-store.ts'

export interface HelpedTable {
  /** URL of the module that opens the table. */
  readonly module: string
  /** For it; can be cloned. */
  readonly options: unknown
  /** The table gives up before that, whatever it was asked. */
  readonly silenceMsMax: number
}

export interface RemoteBackend extends HelpedTable {
  readonly name: string
}

export function remoteBackend({ name, ...table }: RemoteBackend): StateBackend {
  return Object.freeze<StateBackend>({
    name,
    keepsPlainState: true,
    create(context: BackendContext) {
      const { memoryBytes } = context
      return new TableBackend(name, context, {
        memoryBytes,
        open: () => openHelped(context, table),
      })
    },
  })
}

/** A remote store behind a helper thread of its own. */
export async function openHelped(
  { alive, random = systemRandom(), startHelper: start = startHelper }: BackendContext,
  { module, options, silenceMsMax }: HelpedTable,
): Promise<ColdStore> {
  const port = start({ module, options, scope: random.id() })
  const waits = { silenceMsMax, ...(alive === undefined ? {} : { alive }) }
  return await RemoteStore.open(port, waits)
}
