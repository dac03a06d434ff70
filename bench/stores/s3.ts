/** S3 by the client of AWS: an upload in parts, several at a time, and one stream down. */
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { eachOf } from '../../src/storage/remote/each.ts'
import { CREDENTIALS, startS3Proxy } from '../../test/servers/s3proxy.ts'
import { partsOf, type Place } from './place.ts'

const PART_BYTES = 8 * 1024 ** 2
const PARTS_AT_ONCE = 4

export async function openS3(signal: AbortSignal): Promise<Place> {
  const server = await startS3Proxy(signal)
  const { port, bucket } = server
  Object.assign(process.env, CREDENTIALS)
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
  })
  return {
    location: `s3://${bucket}/checkpoints?endpoint=http://127.0.0.1:${port}`,
    async upload(name, bytes) {
      const object = { Bucket: bucket, Key: name }
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(object))
      const parts: { readonly PartNumber: number; readonly ETag?: string | undefined }[] = []
      await eachOf(partsOf(bytes, PART_BYTES), PARTS_AT_ONCE, async ([part, Body]) => {
        const PartNumber = part + 1
        const upload = { ...object, UploadId, PartNumber, Body }
        const { ETag } = await client.send(new UploadPartCommand(upload))
        parts.push({ PartNumber, ETag })
      })
      const Parts = parts.sort((a, b) => a.PartNumber - b.PartNumber)
      const whole = { ...object, UploadId, MultipartUpload: { Parts } }
      await client.send(new CompleteMultipartUploadCommand(whole))
    },
    async download(name) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: name }))
      return (await Body?.transformToByteArray())?.length ?? 0
    },
    async close() {
      client.destroy()
      await server.close()
    },
  }
}
