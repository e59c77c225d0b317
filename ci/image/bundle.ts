import { build } from 'esbuild'

/** Bundles a program of ours and its packages into one CommonJS file. */
export async function bundle(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    // Native files are placed beside the bundle by whoever stages the image.
    external: ['*.node'],
    // One file has no import.meta; the sources use it to find their neighbours.
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    logLevel: 'warning',
  })
}
