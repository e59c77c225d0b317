import type { Collection } from './collections.ts'

/** How objects of a collection are written for one request. */
export type Shape = {
  /** Kind and version of a list, as the beginning of its JSON. */
  readonly listHead: string
  /** In a list, where kind and version are left out. */
  readonly item: (object: object | undefined) => object
  /** By itself or in an event. */
  readonly whole: (object: object | undefined) => object
  readonly bookmark: (version: number) => object
}

/** Whole objects, or what the header asks for: their metadata only. */
export function shapeOf({ kind, apiVersion }: Collection, accept = ''): Shape {
  const isMetadata = accept.includes('as=PartialObjectMetadata')
  const head = isMetadata
    ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }
    : { kind, apiVersion }
  const parts = (object: object = {}) =>
    isMetadata && 'metadata' in object ? { metadata: object.metadata } : object
  const listHead = { ...head, kind: `${head.kind}List` }
  return {
    listHead: JSON.stringify(listHead).slice(1, -1),
    item: object => (isMetadata ? { ...head, ...parts(object) } : parts(object)),
    whole: object => ({ ...head, ...parts(object) }),
    bookmark: version => ({
      ...head,
      metadata: { resourceVersion: String(version) },
      ...(kind === 'Pod' && !isMetadata && { spec: { containers: null }, status: {} }),
    }),
  }
}
