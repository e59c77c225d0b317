import { z } from 'zod'
import type { ApiUnderTest } from './contract.ts'
import { askApi, type ApiAccess } from './request.ts'

const Named = z.looseObject({ metadata: z.looseObject({ name: z.string().optional() }) })
const NODES = ['contract-node-1', 'contract-node-2'] as const
const NAMESPACE = 'contract'

/** When it is disposed, nothing that was made in it is left. */
export type RealApi = ApiUnderTest &
  AsyncDisposable & {
    /** Sends an object and gives what the server made of it. Throws when it is refused. */
    readonly send: (method: string, path: string, body: object) => Promise<unknown>
  }

/** Makes the pods of the contract in a real API server. Their nodes do not exist, so nothing runs. */
export async function prepareRealApi(access: ApiAccess): Promise<RealApi> {
  const made: string[] = []
  const send = async (method: string, path: string, body: object): Promise<unknown> => {
    const { status, text } = await askApi(access, path, { method, body })
    if (status >= 300) throw new Error(`${method} ${path}: ${text}`)
    const answer = Named.parse(JSON.parse(text))
    if (method === 'POST' && !path.includes('?')) made.push(`${path}/${answer.metadata.name}`)
    return answer
  }
  const remove = (path: string) =>
    askApi(access, `${path}?gracePeriodSeconds=0`, { method: 'DELETE' })
  await send('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } })
  await send('POST', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, {
    metadata: { name: 'contract' },
  })
  const pods = `/api/v1/namespaces/${NAMESPACE}/pods`
  const create = (name: string, nodeName?: string) =>
    send('POST', pods, {
      metadata: { name },
      spec: {
        containers: [{ name: 'server', image: 'registry.example.com/server:1' }],
        serviceAccountName: 'contract',
        // No scheduler takes a pod that waits for another one.
        schedulerName: 'nobody',
        ...(nodeName !== undefined && { nodeName }),
      },
    })
  const [node, other] = NODES
  const names = { stays: 'stays', leaves: 'leaves', comes: 'comes', elsewhere: 'elsewhere' }
  await create(names.stays, node)
  await create(names.leaves, node)
  await create(names.comes)
  await create(names.elsewhere, other)
  const changeStatus = async (name: string) =>
    void (await send('PUT', `${pods}/${name}/status`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: NAMESPACE },
      status: { phase: 'Pending', message: 'changed' },
    }))
  return {
    access,
    send,
    node,
    pods: names,
    happen: {
      'stays changes': () => changeStatus(names.stays),
      'elsewhere changes': () => changeStatus(names.elsewhere),
      'comes is bound': async () =>
        void (await send('POST', `${pods}/${names.comes}/binding`, {
          metadata: { name: names.comes },
          target: { kind: 'Node', name: node },
        })),
      'leaves is deleted': async () => void (await remove(`${pods}/${names.leaves}`)),
    },
    [Symbol.asyncDispose]: async () => {
      for (const path of made.toReversed()) await remove(path)
    },
  }
}
