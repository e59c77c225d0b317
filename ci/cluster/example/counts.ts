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
    }),
  ),
})
type Counted = z.output<typeof Line>
const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ containers: z.array(z.object({ name: z.string() })) }),
    }),
  ),
})

/** What each container of the namespace `shop` counted itself, by `pod/container`. */
export async function podCounts(): Promise<Map<string, Counted>> {
  const pods = Pods.parse(JSON.parse(await kubectl(['-n', 'shop', 'get', 'pods', '-o', 'json'])))
  const counts = new Map<string, Counted>()
  for (const { metadata, spec } of pods.items) {
    for (const { name } of spec.containers) {
      const log = await kubectl(['-n', 'shop', 'logs', metadata.name, '-c', name, '--tail=1'])
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
