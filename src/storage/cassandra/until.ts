/** Requests that cannot be given up. */

/** The package has no way to give up a request: it is only not waited for any longer. */
export function until<T>(signal: AbortSignal, request: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = (): void => reject(new Error('given up'))
    if (signal.aborted) give()
    signal.addEventListener('abort', give, { once: true })
    request.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}
