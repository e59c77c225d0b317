import { globSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '../tools/cache.ts'

/** A kernel of Debian, by the name of its folder in the cache, and the machine that runs it. */
export type Platform = {
  readonly name: string
  readonly architecture: Architecture
  readonly emulator: readonly [program: string, ...words: string[]]
  readonly console: string
  /**
   * Whether each of the two processors is a thread of its own. x86's kernel patches code that the
   * other processor may be running; emulated in several threads, 6.12 panicked over it now and then.
   */
  readonly threads: 'single' | 'multi'
}

/** As Debian calls it. */
export type Architecture = 'amd64' | 'arm64'

const amd64 = {
  architecture: 'amd64',
  emulator: ['qemu-system-x86_64', '-machine', 'q35', '-cpu', 'max'],
  console: 'ttyS0',
  threads: 'single',
} as const

// A processor with the atomic instructions of ARMv8.1, as the machines have that one can rent.
const arm64 = {
  architecture: 'arm64',
  emulator: ['qemu-system-aarch64', '-machine', 'virt', '-cpu', 'neoverse-n1'],
  console: 'ttyAMA0',
  threads: 'multi',
} as const

/** In the order in which they run. */
export const platforms: readonly Platform[] = [
  { name: 'linux-6.1-amd64', ...amd64 },
  { name: 'linux-6.12-amd64', ...amd64 },
  { name: 'linux-6.12-arm64', ...arm64 },
]

/** Where ci/setup put what comes from outside: ci/setup.d/kernels.sh. */
const outside = cacheDir('kernels')

/** The kernel's image. Throws an Error that names the command which brings it. */
export function imageOf({ name }: Platform): string {
  const [image] = globSync(join(outside, name, 'vmlinuz-*'))
  if (image === undefined) throw new Error(`there is no kernel ${name}. Run: ci/setup kernels`)
  return image
}
