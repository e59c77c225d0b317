import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { folders, kubectl } from '../running.ts'

const Line = z.object({
  done: z.boolean(),
  remotes: z.record(
    z.string(),
    z.object({
      sent: z.int(),
      received: z.int(),
      connections: z.int(),
      open: z.int(),
      datagramsSent: z.int(),
      datagramsReceived: z.int(),
    }),
  ),
})
type Counted = z.output<typeof Line>
const Containers = z.array(z.object({ name: z.string() }))
const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ initContainers: Containers.default([]), containers: Containers }),
    }),
  ),
})

/** What each container of a namespace counted itself, by `pod/container`. */
export async function podCounts(namespace = 'shop'): Promise<Map<string, Counted>> {
  const inNamespace = ['-n', namespace]
  const pods = Pods.parse(JSON.parse(await kubectl([...inNamespace, 'get', 'pods', '-o', 'json'])))
  const counts = new Map<string, Counted>()
  for (const { metadata, spec } of pods.items) {
    for (const { name } of [...spec.initContainers, ...spec.containers]) {
      const log = await kubectl([...inNamespace, 'logs', metadata.name, '-c', name, '--tail=1'])
      counts.set(`${metadata.name}/${name}`, parseLine(log))
    }
  }
  return counts
}

/** What the servers of the world counted, by the address that talked to them. */
export function worldCounts(): Counted['remotes'] {
  const lines = readFileSync(join(folders.logs, 'world.log'), 'utf8').trim().split('\n')
  return parseLine(lines.at(-1) ?? '').remotes
}

function parseLine(line: string): Counted {
  return line === '' ? { done: false, remotes: {} } : Line.parse(JSON.parse(line))
}
