import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { stageAgent } from './agent/stage.ts'
import type { Component } from './component.ts'
import { stageDatabases } from './databases/stage.ts'
import { stageExample } from './example/stage.ts'
import { copyNotices, level } from './files.ts'
import { stageGeoip } from './geoip/stage.ts'
import { stageNode } from './node/stage.ts'
import type { Architecture } from './parts.ts'
import { stagePeers } from './peers/stage.ts'
import { stagePrometheus } from './prometheus/stage.ts'
import { stagePrometheusOperator } from './prometheus-operator/stage.ts'
import { stageSandbox } from './sandbox/stage.ts'

/** Writes the files of a layer below `root`. Gives the packages that are in them. */
type Stage = (root: string, architecture: Architecture) => Promise<readonly Component[]>

const stages = {
  node: stageNode,
  databases: stageDatabases,
  agent: stageAgent,
  geoip: stageGeoip,
  peers: stagePeers,
  prometheus: stagePrometheus,
  'prometheus-operator': stagePrometheusOperator,
  sandbox: stageSandbox,
  example: stageExample,
} as const satisfies Record<string, Stage>

export type LayerName = keyof typeof stages

/** What a layer has come to. */
export type Layer = { readonly bytes: number; readonly components: readonly Component[] }

/** Lays the files of a layer ready below `folder/<name>`, equal to the bit for equal sources and packages. */
export async function stageLayer(
  name: LayerName,
  architecture: Architecture,
  folder: string,
): Promise<Layer> {
  const root = join(folder, name)
  mkdirSync(root, { recursive: true })
  const components = await stages[name](root, architecture)
  copyNotices(root, components)
  return { bytes: level(root), components }
}
