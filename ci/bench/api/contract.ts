import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { askApi, type ApiAccess } from './request.ts'

/** Four pods of one API server, and what can happen to them. */
export type ApiUnderTest = {
  readonly access: ApiAccess
  /** The node of three of them. */
  readonly node: string
  /** Names: two pods of the node, one that becomes its third, one of another node. */
  readonly pods: Record<'stays' | 'leaves' | 'comes' | 'elsewhere', string>
  readonly happen: Record<
    'stays changes' | 'elsewhere changes' | 'comes is bound' | 'leaves is deleted',
    () => Promise<void>
  >
}

const Meta = z.looseObject({
  name: z.string().optional(),
  resourceVersion: z.string().regex(/^\d+$/),
})
const List = z.object({
  kind: z.string(),
  apiVersion: z.string(),
  metadata: z.object({
    resourceVersion: z.string().regex(/^\d+$/),
    continue: z.string().optional(),
  }),
  items: z.array(z.looseObject({ metadata: Meta })),
})
const Event = z.object({
  type: z.string(),
  object: z.looseObject({
    metadata: z.looseObject({
      name: z.string().optional(),
      resourceVersion: z.string().optional(),
    }),
  }),
})

/** What agents and functions rely on. The simulated server keeps it as the real one does. */
export function apiContract(open: () => ApiUnderTest): void {
  async function list(query: Record<string, string>, node?: string) {
    const { status, text } = await askApi(open().access, path(query, node))
    expect(status).toBe(200)
    return List.parse(JSON.parse(text))
  }
  /** The events of some seconds, without those of pods that are not ours. */
  async function watch(query: Record<string, string>, node?: string) {
    const { access, pods } = open()
    const all = { watch: '1', allowWatchBookmarks: 'true', timeoutSeconds: '5', ...query }
    const { status, text } = await askApi(access, path(all, node))
    expect(status).toBe(200)
    const events = text
      .split('\n')
      .filter(line => line !== '')
      .map(line => Event.parse(JSON.parse(line)))
    const known = new Set(Object.values(pods))
    return events.filter(
      ({ object: { metadata } }) => metadata.name === undefined || known.has(metadata.name),
    )
  }

  test('a list of a node holds its pods only, each without its kind, however small the limit if version 0 does', async () => {
    const { node, pods } = open()
    const whole = await list({ resourceVersion: '0', limit: '1' }, node)
    expect({ kind: whole.kind, apiVersion: whole.apiVersion }).toEqual({
      kind: 'PodList',
      apiVersion: 'v1',
    })
    const names = whole.items.map(({ metadata }) => metadata.name)
    expect(names).toEqual(expect.arrayContaining([pods.stays, pods.leaves]))
    expect(names).not.toContain(pods.comes)
    expect(names).not.toContain(pods.elsewhere)
    expect(whole.items[0]).not.toHaveProperty('kind')
    expect(whole.metadata.continue ?? '').toBe('')
  })

  test('pages follow one another at the version of the first, up to a last one', async () => {
    const { node } = open()
    const all = await list({}, node)
    const first = await list({ limit: '1' }, node)
    const next = await list({ limit: '1', continue: first.metadata.continue ?? '' }, node)
    const rest = await list(
      { limit: '500', continue: next.metadata.continue ?? first.metadata.continue ?? '' },
      node,
    )
    expect(next.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    expect([first.items.length, next.items.length]).toEqual([1, 1])
    expect(rest.metadata.continue ?? '').toBe('')
    const names = new Set(
      [first, next, rest].flatMap(({ items }) => items.map(({ metadata }) => metadata.name)),
    )
    expect(names.size).toBe(all.items.length)
  })

  test('a watch tells of a node its own pods only: those bound to it are added; and then a bookmark comes', async () => {
    const { node, pods, happen } = open()
    const { metadata } = await list({ resourceVersion: '0' }, node)
    const since = { resourceVersion: metadata.resourceVersion }
    const [ofNode, ofAll] = await Promise.all([
      watch(since, node),
      watch(since),
      (async () => {
        await sleep(500)
        for (const one of Object.values(happen)) await one()
      })(),
    ])
    // Before it deletes a pod at once, the real server writes into it that it may.
    const isNews = ({ type, object }: (typeof ofNode)[number]) =>
      type !== 'BOOKMARK' && !(type === 'MODIFIED' && object.metadata.name === pods.leaves)
    const told = (events: typeof ofNode) =>
      events.filter(isNews).map(({ type, object }) => [type, object.metadata.name])
    expect(told(ofNode)).toEqual([
      ['MODIFIED', pods.stays],
      ['ADDED', pods.comes],
      ['DELETED', pods.leaves],
    ])
    expect(told(ofAll)).toEqual([
      ['MODIFIED', pods.stays],
      ['MODIFIED', pods.elsewhere],
      ['MODIFIED', pods.comes],
      ['DELETED', pods.leaves],
    ])
    const versions = ofNode.map(({ object }) => Number(object.metadata.resourceVersion))
    expect(versions).toEqual(versions.toSorted((left, right) => left - right))
    expect(versions[0]).toBeGreaterThan(Number(metadata.resourceVersion))
    const bookmark = ofNode.at(-1)
    expect(bookmark?.type).toBe('BOOKMARK')
    expect({ ...bookmark?.object, metadata: {} }).toEqual({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {},
      spec: { containers: null },
      status: {},
    })
    expect(
      Object.keys(bookmark?.object.metadata ?? {}).filter(name => name !== 'creationTimestamp'),
    ).toEqual(['resourceVersion'])
    expect(ofNode[0]?.object).toMatchObject({ kind: 'Pod', apiVersion: 'v1' })
  })

  test('of an object the metadata alone can be had', async () => {
    const accept =
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json'
    const { access, node, pods } = open()
    const { text } = await askApi(access, path({}, node), { accept })
    const answer = List.parse(JSON.parse(text))
    expect(answer.kind).toBe('PartialObjectMetadataList')
    const own = answer.items.find(({ metadata }) => metadata.name === pods.stays)
    expect(Object.keys(own ?? {}).toSorted()).toEqual(['apiVersion', 'kind', 'metadata'])
    expect(own).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' })
  })

  test('a field that cannot be selected by is refused', async () => {
    const { status, text } = await askApi(
      open().access,
      '/api/v1/pods?fieldSelector=spec.color%3Dred',
    )
    expect(status).toBe(400)
    expect(text).toContain('field label not supported: spec.color')
  })
}

function path(query: Record<string, string>, node?: string): string {
  const selector = node === undefined ? {} : { fieldSelector: `spec.nodeName=${node}` }
  return `/api/v1/pods?${new URLSearchParams({ ...selector, ...query })}`
}
