import { join } from 'node:path'
import { buildInit } from './build.ts'
import type { Component } from '../component.ts'

/** What containerd's configuration calls it. */
export const sandboxReference = 'localhost/podatlas/sandbox:test'

/** One static program. */
export async function stageSandbox(root: string): Promise<Component[]> {
  await buildInit(join(root, 'init'))
  return []
}
