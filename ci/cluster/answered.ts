import { vi } from 'vitest'

const patience = { timeout: 30_000, interval: 250 }

/** What a server said to one GET. */
export type Answered = Pick<Response, 'ok' | 'status' | 'headers'> & { readonly text: string }

/**
 * Asks until somebody answers, whatever that is. For a moment after a rollout the node sends what is for a Service to
 * nobody, or to the pod that has gone. Errors: nobody answers in 30 s.
 */
export async function answered(url: string | URL): Promise<Answered> {
  return await vi.waitFor(async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
    const { ok, status, headers } = response
    return { ok, status, headers, text: await response.text() }
  }, patience)
}
