import { chmodSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { root, sourcesOf } from '../bundle.ts'

/** What the agent loads when it gets there, its lives and `relay`: a file of its own each. */
const LATER = ['start', 'run', 'relay/relay']
const IMPORTED = new RegExp(`^\\./(?:${LATER.join('|')})\\.ts$`)

/**
 * Bundles the agent into CommonJS files in `folder`: `agent.cjs`, which can be executed, and what it
 * loads in its first life (`start.cjs`), in its second (`run.cjs`) and as `relay.cjs`. Modules of ECMAScript would cost
 * Node's loader of them 3 MB, and one file the text of what is not needed. Gives the files that are in them.
 */
export async function bundleLives(agent: string, folder: string): Promise<string[]> {
  const options = {
    absWorkingDir: root,
    metafile: true,
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
  } as const satisfies BuildOptions
  const main = { agent: join(agent, 'main.ts') }
  const built = [await build({ ...options, entryPoints: main, banner: { js: '#!/usr/bin/node' } })]
  for (const later of LATER) {
    const entryPoints = { [basename(later)]: join(agent, `${later}.ts`) }
    built.push(await build({ ...options, entryPoints }))
  }
  chmodSync(join(folder, 'agent.cjs'), 0o755)
  return built.flatMap(({ metafile }) => sourcesOf(metafile))
}

const laterFiles: Plugin = {
  name: 'later-files',
  setup: builder => {
    builder.onResolve({ filter: IMPORTED }, ({ path, kind }) =>
      kind === 'dynamic-import'
        ? { path: `./${basename(path, '.ts')}.cjs`, external: true }
        : undefined,
    )
  },
}
