import { version } from './version.ts'
import { stageAgent } from './agent/stage.ts'
import { stageExample } from './example/stage.ts'
import { stageGeoip } from './geoip/stage.ts'
import { stageNode } from './node/stage.ts'
import { stagePeers } from './peers/stage.ts'
import { stagePrometheus } from './prometheus/stage.ts'
import { stagePrometheusOperator } from './prometheus-operator/stage.ts'
import { sandboxReference, stageSandbox } from './sandbox/stage.ts'

/** One image: the folder `ci/image/<name>` with its Containerfile, and the files that it copies. */
export type Image = {
  readonly name: string
  /** The name that manifests use. */
  readonly reference: string
  /** Largest size in bytes that is accepted, unpacked. */
  readonly maxBytes?: number
  /** Writes the image's own files below `root`. */
  readonly stage: (root: string) => Promise<void>
}

/** The base of the images that run Node; nothing is started from it directly. */
export const baseImage: Image = {
  name: 'node',
  reference: 'localhost/podatlas/node:latest',
  stage: stageNode,
}

export const images: readonly Image[] = [
  {
    name: 'agent',
    reference: `docker.io/podatlas/agent:${version}`,
    maxBytes: 200e6,
    stage: stageAgent,
  },
  {
    name: 'geoip',
    reference: `docker.io/podatlas/geoip:${version}`,
    // 160 MB, and databases of 134 MB for cities and 12 MB for networks.
    maxBytes: 306e6,
    stage: stageGeoip,
  },
  {
    name: 'peers',
    reference: `docker.io/podatlas/peers:${version}`,
    maxBytes: 160e6,
    stage: stagePeers,
  },
  { name: 'prometheus', reference: 'docker.io/prom/prometheus:v3.16.0', stage: stagePrometheus },
  {
    name: 'prometheus-operator',
    reference: 'quay.io/prometheus-operator/prometheus-operator:v0.85.0',
    stage: stagePrometheusOperator,
  },
  { name: 'sandbox', reference: sandboxReference, stage: stageSandbox },
  { name: 'example', reference: 'localhost/podatlas/example:test', stage: stageExample },
]
