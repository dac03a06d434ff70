import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseS3Place } from '../../../src/storage/s3/place.ts'

describe('an s3: URL', () => {
  it('names bucket and folder; the rest is as on AWS', () => {
    assert.deepEqual(parseS3Place('s3://orders/flink/checkpoints/', {}), {
      location: 's3://orders/flink/checkpoints/',
      bucket: 'orders',
      prefix: 'flink/checkpoints/',
      endpoint: undefined,
      region: undefined,
      hasPathStyle: false,
      profile: undefined,
      timeoutMs: 30_000,
      authorityFile: undefined,
      retryForMs: 60_000,
    })
    assert.equal(parseS3Place('s3://orders', {}).prefix, '')
    assert.equal(parseS3Place('S3://orders', { AWS_REGION: 'eu-west-1' }).region, 'eu-west-1')
  })

  it('names another server, which is asked in its own way', () => {
    const at = 's3://orders/a?endpoint=http://127.0.0.1:9000'
    const place = parseS3Place(at, {})
    assert.equal(place.endpoint, 'http://127.0.0.1:9000/')
    assert.equal(place.region, 'us-east-1')
    assert.equal(place.hasPathStyle, true)
    const other = parseS3Place(
      `${at}&path-style=false&region=x&profile=p&timeout=2s&retry-for=0s`,
      {},
    )
    const { hasPathStyle, region, profile, timeoutMs, retryForMs } = other
    assert.deepEqual([hasPathStyle, region, profile], [false, 'x', 'p'])
    assert.deepEqual([timeoutMs, retryForMs], [2_000, 0])
  })

  it('that makes no sense is refused, and no secret in it is repeated', () => {
    const bad = [
      's3:orders',
      's3:///folder',
      's3://a/b',
      's3://orders/../other',
      's3://orders/a//b',
      's3://orders/a#b',
      's3://orders/ä',
      's3://orders/a?color=red',
      's3://orders/a?path-style=perhaps',
      's3://orders/a?endpoint=127.0.0.1',
      's3://key:secret@orders/a',
      's3://orders/a?endpoint=http://key:secret@127.0.0.1',
    ]
    for (const location of bad) {
      assert.throws(
        () => parseS3Place(location, {}),
        (error: Error) => {
          assert.equal(Reflect.get(error, 'code'), 'STORAGE_URL_UNKNOWN', location)
          assert.doesNotMatch(error.message, /secret/, location)
          return true
        },
      )
    }
    assert.throws(() => parseS3Place('s3://orders?timeout=soon', {}), { code: 'CONFIG_INVALID' })
  })
})
