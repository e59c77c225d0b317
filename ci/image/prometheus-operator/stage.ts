import { toolPath } from '../../tools/tool.ts'
import type { Component } from '../component.ts'
import { copyTo } from '../files.ts'

/** The operator and its reloader as built from Go modules: static binaries, nothing else. */
export async function stagePrometheusOperator(root: string): Promise<Component[]> {
  for (const name of ['operator', 'prometheus-config-reloader']) {
    copyTo(root, toolPath('prometheus-operator', name), `/bin/${name}`)
  }
  return []
}
