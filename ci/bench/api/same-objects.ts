import { expect, test } from 'vitest'
import { z } from 'zod'
import { simulateCluster, type Collection } from './collections.ts'
import { jsonOf } from './managed-fields.ts'
import type { RealApi } from './real.ts'

const Simulated = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
  spec: z.looseObject({}).optional(),
  status: z.unknown().optional(),
})

type Simulated = z.output<typeof Simulated>

/** Simulated objects, sent to a real API server, come back as they are: no field is made up or missing. */
export function sameObjects(open: () => RealApi): void {
  const cluster = simulateCluster(1)

  test.each([
    ['/api/v1/pods', 0, 'a DaemonSet’s on the network of its node'],
    ['/api/v1/pods', 4, 'a StatefulSet’s'],
    ['/api/v1/pods', 5, 'a CronJob’s'],
    ['/api/v1/pods', 9, 'a Deployment’s, with two containers'],
    ['/api/v1/nodes', 0, 'a node'],
    ['/api/v1/services', 3, 'a service'],
    ['/apis/discovery.k8s.io/v1/endpointslices', 3, 'addresses behind a service'],
  ])('%s, slot %i (%s) is what the real API server makes of it', async (path, slot) => {
    const collection = cluster.collections[path]
    if (!collection) throw new Error(path)
    const simulated = objectOf(collection, slot)
    const stored = await store(open(), path, withoutAddress(simulated))
    expect(comparable(stored)).toEqual(comparable(simulated))
  })
}

/** The real server gives a service an address of its own range. */
function withoutAddress({ spec, ...object }: Simulated): Simulated {
  const { clusterIP: _ip, clusterIPs: _ips, ...rest } = spec ?? {}
  return { ...object, ...(spec && { spec: rest }) }
}

function objectOf({ objectAt }: Collection, slot: number): Simulated {
  return Simulated.parse(JSON.parse(jsonOf(objectAt(slot, 0, 1) ?? {})))
}

async function store({ send }: RealApi, path: string, object: Simulated) {
  const { namespace, name } = object.metadata
  const {
    resourceVersion: _version,
    uid: _uid,
    managedFields: _fields,
    // The garbage collector deletes what belongs to nobody that it knows.
    ownerReferences: _owners,
    ...metadata
  } = object.metadata
  const body = { ...object, metadata }
  // A node keeps the status it is made with, and nobody may take it for one of the cluster's.
  if (namespace === undefined)
    return Simulated.parse(await send('POST', `${path}?dryRun=All`, body))
  await makeNamespace(send, namespace)
  const folder = path.replace(/\/(\w+)$/, `/namespaces/${namespace}/$1`)
  const created = Simulated.parse(await send('POST', folder, body))
  if (object.status === undefined) return created
  // Whatever version it has by now: controllers of the real cluster have had a look at it.
  const { resourceVersion: _created, ...current } = created.metadata
  return Simulated.parse(
    await send('PUT', `${folder}/${name}/status`, { ...body, metadata: current }),
  )
}

/** What is there already may stay. */
async function makeNamespace(send: RealApi['send'], name: string): Promise<void> {
  const accounts = `/api/v1/namespaces/${name}/serviceaccounts`
  await send('POST', '/api/v1/namespaces', { metadata: { name } }).catch(() => undefined)
  await send('POST', accounts, { metadata: { name: 'default' } }).catch(() => undefined)
}

/** Without what the server gives each object itself, and kind and version, which lists leave out. */
function comparable({ metadata, kind: _kind, apiVersion: _version, spec, ...object }: Simulated) {
  const {
    uid: _uid,
    resourceVersion: _rv,
    creationTimestamp: _created,
    ownerReferences: _owners,
    ...kept
  } = metadata
  // A new node is not ready, and every cluster has its own range of services.
  const { taints: _taints, clusterIP: _ip, clusterIPs: _ips, ...rest } = spec ?? {}
  return { ...object, spec: rest, metadata: { ...kept, managedFields: 'managedFields' in kept } }
}
