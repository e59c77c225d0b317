import { expect, vi } from 'vitest'
import { untilAgreed } from './agreement.ts'
import { tell } from './containers.ts'
import { podCounts } from './example/counts.ts'
import { createPod, image } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { recorded } from './recorded.ts'
import { kubectl, type PromApi, promApi } from './running.ts'

const patience = { timeout: 90_000, interval: 500 }

export const streams = container('streams', '192.0.2.20:7000,send=3001,receive=70001,stream', 4)
export const visits = container('visits', '192.0.2.30:7000,send=501,receive=2003,repeat', 2)
export const datagrams = container('datagrams', '192.0.2.20:7000,send=301,stream', 2, 'ask')

/** A pod that talks until it is told to stop, and what a Prometheus has of it; started in a namespace of its own. */
export async function startPump(
  namespace: string,
  talking: readonly object[],
  api: PromApi = promApi,
) {
  await createNamespace(kubectl, namespace)
  await createPod(namespace, 'pump', { automountServiceAccountToken: false, containers: talking })

  async function reported(): Promise<number> {
    const metric = 'podatlas_receive_bytes_total'
    const bytes = Object.values(await recorded(`${metric}{k8s_namespace="${namespace}"}`, api))
    return bytes.reduce((sum, each) => sum + each, 0)
  }

  const pump = {
    /** Waits until the agent of now has reported bytes, so that it is in the middle of its work. */
    untilMore: async (): Promise<void> => {
      const before = await reported()
      const isMore = async () => expect(await reported()).toBeGreaterThan(before)
      await vi.waitFor(isMore, { ...patience, interval: 50 })
    },
    /** Tells the pod to stop and compares what it has counted with what all agents have reported. */
    allIsCounted: async (): Promise<void> => {
      await tell(namespace, 'SIGUSR2')
      await vi.waitFor(async () => {
        for (const count of (await podCounts(namespace)).values()) {
          expect(count).toMatchObject({ done: true })
        }
      }, patience)
      await untilAgreed(namespace, new Map(), api)
    },
  }
  await pump.untilMore()
  return pump
}

function container(name: string, spec: string, times: number, mode = 'call') {
  return { name, image, args: [mode, ...Array.from({ length: times }, () => spec)] }
}
