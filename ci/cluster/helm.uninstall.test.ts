import { existsSync, readdirSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { run } from '../image/run.ts'
import { agent } from './agent.ts'
import { processOf } from './containers.ts'
import { heldBy, kinds } from './held.ts'
import { helmOf } from './install.ts'
import { folders, kubectl } from './running.ts'

const patience = { timeout: 60_000, interval: 500 }
const pins = '/sys/fs/bpf/podatlas'
const spool = '/var/lib/podatlas/podatlas_podatlas'

test('helm uninstall leaves nothing: no program, link, map, pin, spool or object', async () => {
  const held = heldBy(await processOf(await agent()))
  for (const kind of kinds) expect(held[kind].length, kind).toBeGreaterThan(0)
  expect(readdirSync(pins)).not.toEqual([])
  // Sinks that earlier tests removed have left what they could not deliver.
  expect(readdirSync(spool)).toContain('sink-default')

  await helmOf(folders)('uninstall')

  await vi.waitFor(async () => {
    expect(existsSync(pins)).toBe(false)
    expect(existsSync(spool)).toBe(false)
    for (const kind of kinds) {
      const present = new Set(await idsOf(kind))
      expect(
        held[kind].filter(id => present.has(id)),
        kind,
      ).toEqual([])
    }
  }, patience)
  await vi.waitFor(async () => expect(await objectsOf('podatlas')).toBe(''), patience)
})

/** Objects of a release, those that its objects brought along too. */
async function objectsOf(release: string): Promise<string> {
  const ofCluster = 'clusterroles,clusterrolebindings'
  const workloads = 'daemonsets,deployments,replicasets,controllerrevisions,pods'
  const others =
    'services,endpointslices,configmaps,secrets,serviceaccounts,roles,rolebindings,networkpolicies,persistentvolumeclaims'
  const ours = ['-A', '-l', `app.kubernetes.io/instance=${release}`, '-o', 'name']
  return await kubectl(['get', [ofCluster, workloads, others].join(','), ...ours])
}

async function idsOf(kind: string): Promise<number[]> {
  const listing = await run('bpftool', ['-j', kind, 'show'])
  return z
    .array(z.object({ id: z.int() }))
    .parse(JSON.parse(listing))
    .map(({ id }) => id)
}
