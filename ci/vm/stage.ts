import { copyFileSync, globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { objectVariant, variantNames, type VariantName } from '../../agent/kernel/test/variant.ts'
import { bpfObject } from '../bpf/object.ts'
import { trafficProgram } from '../bpf/traffic.ts'
import { bundle } from '../image/bundle.ts'
import { run } from '../image/run.ts'
import { writeInitrd } from './initrd.ts'
import { type Architecture, partsOf } from '../image/parts.ts'

/**
 * Puts together what a machine of this architecture has in memory: Node, the libraries it loads, the
 * tests' programs as bundles, and what the tests take from ci/bpf on a machine with a compiler.
 * Gives the path of the archive in `folder`.
 */
export async function stage(architecture: Architecture, folder: string): Promise<string> {
  const { cpu, debian, koffi, loader, node } = partsOf(architecture)
  const compiler = compilers[architecture]
  const init = join(folder, `init-${architecture}`)
  const guest = join(folder, 'guest.mjs')
  await run(compiler, [...flags, '-o', init, join(import.meta.dirname, 'init.c')])
  const drainer = join(folder, 'drainer.mjs')
  await bundle(join(import.meta.dirname, 'guest.ts'), guest)
  await bundle(join(import.meta.dirname, 'drainer.ts'), drainer)

  const libraries = globSync(`${debian}/*/*.so.*`)
  // koffi looks its native file up as a package of this name.
  const native = `/app/node_modules/@koromix/koffi-linux-${cpu}`
  const files = new Map<string, string>([
    ['/init', init],
    ['/bin/node', join(node, 'bin/node')],
    ['/app/guest.mjs', guest],
    ['/app/drainer.mjs', drainer],
    ['/app/podatlas.bpf.o', bpfObject()],
    ['/app/traffic', trafficProgram(compiler)],
    ...['package.json', 'index.js', `linux_${cpu}/koffi.node`].map(
      file => [`${native}/${file}`, join(koffi, file)] as const,
    ),
    ...libraries.map(path => [`/lib/${basename(path)}`, path] as const),
    ...libraries
      .filter(path => basename(path) === basename(loader))
      .map(path => [loader, path] as const),
  ])
  for (const name of variantNames) {
    const file = `${name}.bpf.o`
    if (buildVariant(name, join(folder, file))) files.set(`/app/${file}`, join(folder, file))
  }
  const archive = join(folder, `initrd-${architecture}`)
  writeInitrd(archive, files)
  return archive
}

/** Without it the scenario that needs it fails; the others need not. */
function buildVariant(name: VariantName, file: string): boolean {
  try {
    using variant = objectVariant(name)
    copyFileSync(variant.bytecode, file)
    return true
  } catch (error) {
    console.error(`the variant ${name} cannot be built:`, error)
    return false
  }
}

const flags = ['-static', '-Os', '-s', '-Wall', '-Wextra', '-Werror']

const compilers = { amd64: 'gcc', arm64: 'aarch64-linux-gnu-gcc' } as const
