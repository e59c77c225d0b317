import type { LayerName } from './layers.ts'
import { sandboxReference } from './sandbox/stage.ts'
import { version } from './version.ts'

/** One image: a target of a Containerfile, and the layers that it copies. */
export type Image = {
  readonly name: string
  /** The name that manifests use. */
  readonly reference: string
  readonly containerfile: 'Containerfile' | 'test.Containerfile'
  readonly layers: readonly LayerName[]
  /** Of what is ours in it, as an expression of SPDX. */
  readonly license: string
  /** Largest size in bytes that is accepted, unpacked, without databases. */
  readonly maxBytes?: number
}

/** What a release consists of. */
export const releaseImages: readonly Image[] = [
  {
    ...ofRelease('agent'),
    license: 'Apache-2.0 AND (GPL-2.0-only OR BSD-2-Clause)',
    layers: ['node', 'agent'],
    maxBytes: 180e6,
  },
  {
    ...ofRelease('geoip'),
    license: 'Apache-2.0 AND CC-BY-4.0',
    layers: ['node', 'databases', 'geoip'],
    maxBytes: 160e6,
  },
  { ...ofRelease('peers'), layers: ['node', 'peers'], maxBytes: 160e6 },
]

/** What the tests of the cluster need. */
export const images: readonly Image[] = [
  ...releaseImages,
  {
    ...ofTests('prometheus'),
    reference: 'docker.io/prom/prometheus:v3.16.0',
    layers: ['prometheus'],
  },
  {
    ...ofTests('prometheus-operator'),
    reference: 'quay.io/prometheus-operator/prometheus-operator:v0.85.0',
    layers: ['prometheus-operator'],
  },
  { ...ofTests('sandbox'), reference: sandboxReference, layers: ['sandbox'] },
  {
    ...ofTests('example'),
    reference: 'localhost/podatlas/example:test',
    layers: ['node', 'example'],
  },
]

function ofRelease(name: string) {
  const reference = `docker.io/podatlas/${name}:${version}`
  const license = 'Apache-2.0'
  return { name, reference, license, containerfile: 'Containerfile' } as const
}

function ofTests(name: string) {
  return { name, license: 'Apache-2.0', containerfile: 'test.Containerfile' } as const
}
