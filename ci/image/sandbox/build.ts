import { join } from 'node:path'
import { run } from '../run.ts'

/** Compiles `init.c` to one static file at `output`. */
export async function buildInit(output: string): Promise<void> {
  const source = join(import.meta.dirname, 'init.c')
  await run('gcc', ['-static', '-Os', '-s', '-Wall', '-Wextra', '-Werror', '-o', output, source])
}
