import { join } from 'node:path'
import { z } from 'zod'
import { answered } from './answered.ts'
import { type ClusterFolders, makeFolders } from './folders.ts'
import { type Kubectl, kubectlOf } from './kubectl.ts'

const root = process.env['PODATLAS_CLUSTER']
if (!root) throw new Error('These tests need their cluster. Run: npm run test:cluster')

/** The cluster that main.ts raised for these tests. */
export const folders: ClusterFolders = makeFolders(root)
export const kubectl: Kubectl = kubectlOf(folders)

const addresses = new Map<string, Promise<string>>()

/** Base URL of a service of the release, such as `podatlas-geoip`: the tests share the node's network. */
export async function serviceUrl(name: string): Promise<string> {
  const jsonpath = 'jsonpath={.spec.clusterIP}:{.spec.ports[0].port}'
  const address =
    addresses.get(name) ?? kubectl(['-n', 'podatlas', 'get', 'service', name, '-o', jsonpath])
  addresses.set(name, address)
  return `http://${await address}`
}

const Answer = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        value: z.tuple([z.number(), z.string()]),
      }),
    ),
  }),
})
export type Row = { readonly labels: Record<string, string>; readonly value: number }

/**
 * Asks the Prometheus in the cluster how things are, or were at a time in seconds since the epoch.
 * Errors: it does not answer, or refuses the query.
 */
export async function promql(query: string, timeS?: number): Promise<Row[]> {
  const time = timeS === undefined ? {} : { time: String(timeS) }
  const answer = Answer.parse(await promApi(`query?${new URLSearchParams({ query, ...time })}`))
  return answer.data.result.map(row => ({ labels: row.metric, value: Number(row.value[1]) }))
}

/** One GET of a Prometheus' HTTP API. Errors: it does not answer, or refuses. */
export type PromApi = (path: string) => Promise<unknown>

/** The Prometheus of the release. */
export const promApi: PromApi = async path =>
  await promApiAt(await serviceUrl('podatlas-prometheus'))(path)

/** The Prometheus at a base URL. */
export function promApiAt(base: string): PromApi {
  return async path => {
    const url = new URL(join('/api/v1', path), base)
    const { ok, status, text } = await answered(url)
    if (!ok) throw new Error(`${url}: ${status} ${text}`)
    return JSON.parse(text)
  }
}
