import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { folders } from '../running.ts'

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
export type PodCounts = ReadonlyMap<string, Counted>

/** What each container of a namespace counted itself since it was started last, by `pod/container`. */
export async function podCounts(namespace = 'shop'): Promise<PodCounts> {
  const counts = new Map<string, Counted>()
  for (const folder of await readdir(folders.podLogs)) {
    const [namespaceOfPod, pod] = folder.split('_')
    if (namespaceOfPod !== namespace) continue
    for (const container of await namesIn(join(folders.podLogs, folder))) {
      const log = await lastLog(join(folders.podLogs, folder, container))
      if (log !== undefined) counts.set(`${pod}/${container}`, parseLine(lastLineOf(log)))
    }
  }
  return counts
}

/** What the servers of the world counted, by the address that talked to them. */
export function worldCounts(): Counted['remotes'] {
  const lines = readFileSync(join(folders.logs, 'world.log'), 'utf8').trim().split('\n')
  return parseLine(lines.at(-1) ?? '').remotes
}

/** Of the logs of a container, one for each time it was started, the last. */
async function lastLog(folder: string): Promise<string | undefined> {
  const starts = (await namesIn(folder)).map(name => Number(/^(\d+)\.log$/.exec(name)?.[1] ?? -1))
  const last = Math.max(-1, ...starts)
  return last < 0 ? undefined : await readFile(join(folder, `${last}.log`), 'utf8')
}

/** As containerd writes it: time, stream, whether the line is whole, and the line. */
function lastLineOf(log: string): string {
  const lines = log.split('\n').filter(line => line.includes(' stdout F {'))
  return lines.at(-1)?.replace(/^.* stdout F /, '') ?? ''
}

function parseLine(line: string): Counted {
  return line === '' ? { done: false, remotes: {} } : Line.parse(JSON.parse(line))
}

/** A folder that the kubelet has just removed is empty. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch {
    return []
  }
}
