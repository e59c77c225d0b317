import { z } from 'zod'
import type { Manifest } from './helm.ts'

const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  env: z.array(z.looseObject({ name: z.string() })).default([]),
  ports: z.array(z.looseObject({ name: z.string() })).default([]),
  volumeMounts: z.array(z.looseObject({ mountPath: z.string(), name: z.string() })).default([]),
})

const Workload = z.looseObject({
  kind: z.string(),
  spec: z.looseObject({
    selector: z.looseObject({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.looseObject({
      metadata: z.looseObject({
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()).default({}),
      }),
      spec: z.looseObject({
        containers: z.array(Container),
        initContainers: z.array(Container).default([]),
        volumes: z.array(z.looseObject({ name: z.string() })).default([]),
      }),
    }),
  }),
})

export type Workload = z.output<typeof Workload>
export type Container = z.output<typeof Container>

/** The objects of a render that make pods. */
export function workloads(manifests: readonly Manifest[]): Workload[] {
  return manifests
    .filter(({ kind }) => kind === 'DaemonSet' || kind === 'Deployment')
    .map(manifest => Workload.parse(manifest))
}

/** Every container of a workload, those that run first included. */
export function containers({ spec }: Workload): Container[] {
  return [...spec.template.spec.initContainers, ...spec.template.spec.containers]
}

/** Every image that an object of a render names, whatever its kind. */
export function imagesOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'image' && typeof inner === 'string' ? [inner] : imagesOf(inner),
  )
}
