import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { build, type BuildOptions, type Plugin } from 'esbuild'

/** What a life of the agent loads when it gets there: a file of its own each. */
const LATER = /^\.\/(start|run)\.ts$/

/**
 * Bundles the agent into CommonJS files in `folder`: `agent.cjs`, which can be executed, and what it
 * loads in its first life (`start.cjs`) and in its second (`run.cjs`). Modules of ECMAScript would cost
 * Node's loader of them 3 MB, and one file the text of what is not needed.
 */
export async function bundleLives(agent: string, folder: string): Promise<void> {
  const options: BuildOptions = {
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    // import() would load Node's other loader, too.
    supported: { 'dynamic-import': false },
    // koffi's own files are copied; of the rest of it, the part that works without import.meta.
    alias: { koffi: join(agent, '../node_modules/koffi/index.cjs') },
    external: ['@koromix/*'],
    plugins: [laterFiles],
    logLevel: 'warning',
  }
  const main = { agent: join(agent, 'main.ts') }
  await build({ ...options, entryPoints: main, banner: { js: '#!/usr/bin/node' } })
  for (const life of ['start', 'run']) {
    await build({ ...options, entryPoints: { [life]: join(agent, `${life}.ts`) } })
  }
  chmodSync(join(folder, 'agent.cjs'), 0o755)
}

const laterFiles: Plugin = {
  name: 'later-files',
  setup: builder => {
    builder.onResolve({ filter: LATER }, ({ path, kind }) =>
      kind === 'dynamic-import'
        ? { path: path.replace(/\.ts$/, '.cjs'), external: true }
        : undefined,
    )
  },
}
