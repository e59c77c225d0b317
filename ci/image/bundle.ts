import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'

/** Bundles name their sources from here, so that they are the same wherever the checkout lies. */
export const root = join(import.meta.dirname, '../..')

type Options = {
  /** Packages of which nothing is kept but what is used, though they do not say that this is safe. */
  readonly pure?: readonly string[]
  /** Packages that are imported, but never where the bundle runs. */
  readonly without?: string[]
}

/**
 * Bundles a program of ours and its packages into one ECMAScript module, which can be executed. Gives
 * the files that are in it.
 */
export async function bundle(
  entry: string,
  outfile: string,
  { pure = [], without = [] }: Options = {},
): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    metafile: true,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    // What is CommonJS among the packages finds its files and Node's modules as if it stood alone.
    banner: {
      js: `#!/usr/bin/node
import { createRequire as requireFrom } from 'node:module'
const require = requireFrom(import.meta.url)
const { dirname: __dirname, filename: __filename } = import.meta`,
    },
    external: without,
    plugins: [withoutSideEffects(pure)],
    logLevel: 'warning',
  })
  chmodSync(outfile, 0o755)
  return sourcesOf(metafile)
}

/** The files of which something is left in a bundle, from the root of the repository. */
export function sourcesOf({ outputs }: Metafile): string[] {
  const inputs = Object.values(outputs).flatMap(output => Object.entries(output.inputs))
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)
}

/** Entry points and what lies beside them: what they re-export and nobody asks for is left out. */
function withoutSideEffects(packages: readonly string[]): Plugin {
  const seen = Symbol('resolved by esbuild itself')
  // A call for every import would take longer than the whole bundle.
  const filter = new RegExp(`^(${packages.join('|')}|\\./[\\w/]+\\.js)$`)
  const isInside = (file: string) => packages.some(name => file.includes(`/node_modules/${name}/`))
  return {
    name: 'without-side-effects',
    setup: building => {
      if (packages.length === 0) return
      building.onResolve({ filter }, async ({ path, pluginData, ...where }) => {
        if (pluginData === seen || !(packages.includes(path) || isInside(where.importer))) {
          return undefined
        }
        const resolved = await building.resolve(path, { ...where, pluginData: seen })
        return { ...resolved, sideEffects: false }
      })
    },
  }
}
