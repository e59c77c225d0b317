import { run } from './run.ts'

/** Compiles one C file to one static program. Errors: those of the compiler, warnings too. */
export async function compileStatic(source: string, output: string): Promise<void> {
  await run('gcc', ['-static', '-Os', '-s', '-Wall', '-Wextra', '-Werror', '-o', output, source])
}
