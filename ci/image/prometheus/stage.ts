import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { toolPath } from '../../tools/tool.ts'
import type { Component } from '../component.ts'
import { copyTo } from '../files.ts'

/** Prometheus and promtool as built from Go modules: static binaries, nothing else. */
export async function stagePrometheus(root: string): Promise<Component[]> {
  for (const name of ['prometheus', 'promtool']) {
    copyTo(root, toolPath('prometheus', name), `/bin/${name}`)
  }
  mkdirSync(join(root, 'prometheus'))
  return []
}
