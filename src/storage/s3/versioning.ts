/**
 * Whether a bucket keeps what is deleted: asked by who must know that a deleted blob is gone. Jobs
 * never ask, for they need no right to.
 */
import { isMillraceError } from '../../errors.ts'
import { systemClock } from '../../util/clock.ts'
import { systemRandom } from '../../util/random.ts'
import { Retries } from '../remote/retries.ts'
import { parseS3Place } from './place.ts'
import { S3Requests } from './requests.ts'
import { connectS3 } from './sdk.ts'

/** `suspended`: what is deleted now is gone, what was deleted before may not be. */
export type Versioning = 'on' | 'suspended' | 'off' | 'unknown'

/** Who must wait for the answer has better things to do. */
const RETRY_FOR_MS_MAX = 2_000

/**
 * @param location as `s3:` URLs have it
 * @returns `unknown` if the server does not say, or not to these credentials.
 * @throws `PACKAGE_UNAVAILABLE`, `STORAGE_URL_UNKNOWN`, `CONFIG_INVALID`.
 */
export async function versioningOf(location: string): Promise<Versioning> {
  const place = parseS3Place(location, process.env)
  const { timeoutMs } = place
  const retryForMs = Math.min(place.retryForMs, RETRY_FOR_MS_MAX)
  const worlds = { clock: systemClock, random: systemRandom() }
  const retries = new Retries({ ...worlds, timeoutMs, retryForMs })
  const requests = new S3Requests(place, connectS3(place), retries)
  const request = { action: 'look up versioning', operation: 'GetBucketVersioning' } as const
  try {
    const { Status: status } = await requests.send(request)
    if (status === 'Enabled') return 'on'
    return status === 'Suspended' ? 'suspended' : 'off'
  } catch (error) {
    if (!isMillraceError(error)) throw error
    return 'unknown'
  } finally {
    requests.close()
  }
}
