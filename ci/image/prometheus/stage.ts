import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { toolPath } from '../../tools/tool.ts'
import { copyTo } from '../shared-libraries.ts'

/** The user and group `nobody` of the public image. */
const nobody = 65_534

/** Prometheus and promtool as built from Go modules: static binaries, nothing else. */
export async function stagePrometheus(root: string): Promise<void> {
  for (const name of ['prometheus', 'promtool']) {
    copyTo(root, toolPath('prometheus', name), `/bin/${name}`)
  }
  const storage = join(root, 'prometheus')
  mkdirSync(storage)
  chownSync(storage, nobody, nobody)
}
