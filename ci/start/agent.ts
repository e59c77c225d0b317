import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild, type Child } from './child.ts'

export type AgentOptions = {
  readonly folder: string
  readonly port: number
  /** The built kernel object. */
  readonly bytecode: string
  /** Base URL of the Prometheus that takes what it counts. */
  readonly prometheus: string
}

/** Starts the agent in host mode: one drain a second, everything to one Prometheus. */
export async function startAgent({
  folder,
  port,
  bytecode,
  prometheus,
}: AgentOptions): Promise<Child> {
  const configFile = join(folder, 'agent.yaml')
  const config = {
    interval: '1s',
    listen: `127.0.0.1:${port}`,
    // It ends with `npm start`, and leaves nothing in the kernel.
    kernel: { bytecode, pinDirectory: '' },
    kubernetes: { enabled: 'off' },
    sinks: { main: { type: 'prometheus', endpoint: `${prometheus}/api/v1/write` } },
  }
  // JSON is YAML, and needs no quoting of ours.
  await writeFile(configFile, JSON.stringify(config))
  const program = join(import.meta.dirname, '../../agent/main.ts')
  return startChild({
    name: 'agent',
    folder,
    words: [process.execPath, program, '--config', configFile],
  })
}
