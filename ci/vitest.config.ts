import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const exclude = ['**/node_modules/**']

/** Kinds of tests that share the machine: what they do to it must not happen twice at a time. */
function kind(name: string, testTimeoutMs: number) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`**/*.${name}.test.ts`],
      exclude,
      fileParallelism: false,
      testTimeout: testTimeoutMs,
      hookTimeout: testTimeoutMs,
    },
  }
}

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  // Vite caches below node_modules, which the checkout ignores.
  cacheDir: join(import.meta.dirname, '../node_modules/.vite'),
  test: {
    // koffi's handles belong to one process, and a crash must cost one file only.
    pool: 'forks',
    allowOnly: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...exclude, '**/*.*.test.ts'],
          testTimeout: 20_000,
        },
      },
      kind('golden', 20_000),
      kind('browser', 60_000),
      kind('kernel', 120_000),
      kind('chart', 120_000),
      kind('start', 240_000),
      kind('scale', 300_000),
      kind('images', 600_000),
      kind('cluster', 1_800_000),
      kind('restart', 1_800_000),
      kind('lifecycle', 1_800_000),
      kind('uninstall', 1_800_000),
    ],
  },
})
