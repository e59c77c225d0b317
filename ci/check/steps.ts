import { globSync } from 'node:fs'
import { join } from 'node:path'

/** One step of `npm test`: a command that is right or wrong as a whole, or a project of tests. */
export type Step =
  | { readonly name: string; readonly command: readonly [program: string, ...words: string[]] }
  | { readonly name: string; readonly project: string }

export const root = join(import.meta.dirname, '../..')

/** In the order in which they run: what is cheap and likely to fail comes first. */
export const steps: readonly Step[] = [
  { name: 'generated', command: [process.execPath, 'ci/gen/main.ts', '--check'] },
  { name: 'format', command: ['oxfmt', '--check', '.'] },
  { name: 'format-c', command: ['clang-format', '--dry-run', '-Werror', ...cFiles()] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'unused', command: ['knip', '--config', 'ci/knip.json'] },
  { name: 'unit', project: 'unit' },
  { name: 'golden', project: 'golden' },
  { name: 'chart', project: 'chart' },
  { name: 'browser', project: 'browser' },
  { name: 'kernel', project: 'kernel' },
  { name: 'start', project: 'start' },
]

/** Only by their names: they need more than `npm test` sets up. */
export const furtherSteps: readonly Step[] = [
  { name: 'scale', project: 'scale' },
  { name: 'images', project: 'images' },
]

function cFiles(): string[] {
  return globSync(['bpf/**/*.{c,h}', 'ci/{bench,cluster,image,vm}/**/*.{c,h}'], {
    cwd: root,
  }).toSorted()
}
