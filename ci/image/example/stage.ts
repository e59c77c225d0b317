import { join } from 'node:path'
import { compileStatic } from '../compile.ts'
import { copyTo } from '../files.ts'
import type { Component } from '../component.ts'

const example = join(import.meta.dirname, '../../cluster/example')
const sources = ['talk.ts', 'connections.ts', 'datagrams.ts', 'tally.ts', 'target.ts']

/** The programs of the example pods. Node runs the sources of the one, the other is over before Node would be up. */
export async function stageExample(root: string): Promise<Component[]> {
  for (const source of sources) copyTo(root, join(example, source), `/app/${source}`)
  await compileStatic(join(example, 'brief.c'), join(root, 'brief'))
  return []
}
