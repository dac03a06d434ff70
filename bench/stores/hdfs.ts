/** HDFS by WebHDFS: one request that is told of a DataNode, and one with the bytes. */
import { request, type IncomingMessage } from 'node:http'
import { userInfo } from 'node:os'
import { startHdfs } from '../../test/servers/hdfs-server.ts'
import type { Place } from './place.ts'

export async function openHdfs(signal: AbortSignal): Promise<Place> {
  const server = await startHdfs(signal)
  const { httpPort, rpcPort } = server
  const urlOf = (name: string, query: string): string =>
    `http://127.0.0.1:${httpPort}/webhdfs/v1/raw/${name}?user.name=${userInfo().username}&${query}`
  return {
    location: `hdfs://127.0.0.1:${rpcPort}/checkpoints?http-port=${httpPort}`,
    async upload(name, bytes) {
      const { headers } = await exchange('PUT', urlOf(name, 'op=CREATE&overwrite=true'))
      const { statusCode } = await exchange('PUT', headers.location ?? '', bytes)
      if (statusCode !== 201) throw new Error(`HDFS answered with ${statusCode}`)
    },
    async download(name) {
      const { headers } = await exchange('GET', urlOf(name, 'op=OPEN'))
      return (await exchange('GET', headers.location ?? '')).bodyBytes
    },
    close: () => server.close(),
  }
}

interface Answer extends Pick<IncomingMessage, 'headers' | 'statusCode'> {
  readonly bodyBytes: number
}

async function exchange(method: string, url: string, body?: Uint8Array): Promise<Answer> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { 'content-length': body?.length ?? 0 }
    const made = request(url, { method, headers: method === 'PUT' ? headers : {} }, resolve)
    made.on('error', reject)
    made.end(body)
  })
  let bodyBytes = 0
  for await (const chunk of answer as AsyncIterable<Uint8Array>) bodyBytes += chunk.length
  return { headers: answer.headers, statusCode: answer.statusCode, bodyBytes }
}
