import { causeOf } from '../program/cause.ts'

/** Asks by HTTP, and gives what was answered as a whole. Errors: nobody did, in words. */
export type Get = (
  url: string,
  init?: RequestInit,
) => Promise<{ readonly status: number; readonly text: string }>

export function getter(options: { timeoutMs: number; stop: AbortSignal }): Get {
  const { timeoutMs, stop } = options
  return async (url, init = {}) => {
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.any([timeout, stop]) })
      return { status: response.status, text: await response.text() }
    } catch (error) {
      const why = timeout.aborted ? `no answer in ${timeoutMs} ms` : causeOf(error)
      throw new Error(`cannot reach ${url}: ${why}`, { cause: error })
    }
  }
}
