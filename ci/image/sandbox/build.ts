import { join } from 'node:path'
import { compileStatic } from '../compile.ts'

/** Compiles `init.c` to one static file at `output`. */
export async function buildInit(output: string): Promise<void> {
  await compileStatic(join(import.meta.dirname, 'init.c'), output)
}
