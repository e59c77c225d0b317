import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { ApiServer } from '../../../agent/attribute/api-server.ts'
import { bpfObject } from '../../bpf/object.ts'
import { stagePrograms } from '../../image/agent/stage.ts'
import { startMeasured, type MeasuredProcess } from './process.ts'

/** The agent as it stands in its image, on a node that only the API server knows. */
export type NodeAgent = MeasuredProcess & {
  /** Bytes that each container sent, as its newest samples say: by namespace/pod/container. */
  readonly sentBy: ReadonlyMap<string, number>
}

const Line = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  value: z.number().optional(),
})

/** `folder` takes its files. */
export async function startNodeAgent(
  folder: string,
  {
    nodeName,
    api,
    intervalS,
  }: { readonly nodeName: string; readonly api: ApiServer; readonly intervalS: number },
): Promise<NodeAgent> {
  await stagePrograms(folder)
  const config = join(folder, 'config.yaml')
  const { url, tokenFile, caFile } = api
  // JSON is YAML. Everything that makes the agent ask the API server is on.
  const settings = {
    nodeName,
    interval: `${intervalS}s`,
    listen: '127.0.0.1:0',
    labels: { add: ['container_image', 'container_id', 'zone'] },
    kernel: { bytecode: bpfObject(), pinDirectory: '' },
    udp: 'off',
    kubernetes: { enabled: 'on', apiServer: url, tokenFile, caFile },
    sinks: { stdout: { type: 'stdout', format: 'json' } },
  }
  writeFileSync(config, JSON.stringify(settings))
  const agent = startMeasured([join(folder, 'app/agent.cjs'), '--config', config])
  const sentBy = new Map<string, number>()
  createInterface({ input: agent.output }).on('line', text => {
    const { name, labels, value } = Line.parse(JSON.parse(text))
    if (name !== 'podatlas_transmit_bytes_total' || labels.role !== 'client') return
    const owner = [labels.k8s_namespace, labels.k8s_pod, labels.container_name].join('/')
    if (value !== undefined) sentBy.set(owner, value)
  })
  return { ...agent, sentBy }
}
