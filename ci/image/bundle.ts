import { chmodSync } from 'node:fs'
import { build } from 'esbuild'

/** Bundles a program of ours and its packages into one ECMAScript module, which can be executed. */
export async function bundle(entry: string, outfile: string): Promise<void> {
  await build({
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
    logLevel: 'warning',
  })
  chmodSync(outfile, 0o755)
}
