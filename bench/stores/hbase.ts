/** HBase by its REST server: a row for each part, several on their way at a time. */
import { eachOf } from '../../src/storage/remote/each.ts'
import { startHBase } from '../../test/servers/hbase-server.ts'
import { partNumbers, partsOf, type Place } from './place.ts'

const PART_BYTES = 1024 ** 2
const PARTS_AT_ONCE = 8

export async function openHBase(signal: AbortSignal): Promise<Place> {
  const server = await startHBase(signal)
  const { port } = server
  const urlOf = (path: string): string => `http://127.0.0.1:${port}/checkpoints/raw!${path}`
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    const answer = await fetch(urlOf(path), init)
    if (!answer.ok) throw new Error(`HBase answered with ${answer.status}`)
    return answer
  }
  const bytesOnly = { accept: 'application/octet-stream' }
  return {
    location: `hbase://127.0.0.1:${port}/checkpoints/bench`,
    upload(name, bytes) {
      return eachOf(partsOf(bytes, PART_BYTES), PARTS_AT_ONCE, async ([part, own]) => {
        const headers = { 'content-type': 'application/octet-stream' }
        const body = Uint8Array.from(own)
        await (await send(`${name}-${part}/b:d`, { method: 'PUT', headers, body })).arrayBuffer()
      })
    },
    async download(name, lengthBytes) {
      let bytes = 0
      await eachOf(partNumbers(lengthBytes, PART_BYTES), PARTS_AT_ONCE, async (part) => {
        const answer = await send(`${name}-${part}/b:d`, { headers: bytesOnly })
        const { byteLength } = await answer.arrayBuffer()
        bytes += byteLength
      })
      return bytes
    },
    close: () => server.close(),
  }
}
