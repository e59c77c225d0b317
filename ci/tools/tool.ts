import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** A folder of `ci/tools/`: Go modules that `ci/setup` builds into the cache. */
export type Tool =
  | 'coredns'
  | 'cortex'
  | 'gateway-api'
  | 'helm'
  | 'helm-docs'
  | 'helm-unittest'
  | 'helm3'
  | 'kube-router'
  | 'kubernetes'
  | 'mmdb'
  | 'otelcol'
  | 'prometheus'
  | 'prometheus-operator'
  | 'registry'
  | 'thanos'

const folders = new Map<Tool, string>()

/** Absolute path of a binary that `ci/setup` built, or of a file that came with it. Throws an Error that names the command to build it. */
export function toolPath(tool: Tool, binary: string = tool): string {
  const folder = folders.get(tool) ?? folderOf(tool)
  folders.set(tool, folder)
  const path = join(folder, binary)
  if (!existsSync(path)) throw new Error(`${path} is missing. Run: ci/setup tool ${tool}`)
  return path
}

function folderOf(tool: Tool): string {
  const script = join(import.meta.dirname, 'dir.sh')
  return execFileSync(script, [tool], { encoding: 'utf8' }).trim()
}
