import { bpfObject } from '../../../ci/bpf/object.ts'
import { createTelemetry } from '../../telemetry.ts'
import { openKernel, type Kernel } from '../kernel.ts'
import type { Sizes } from '../object/inventory.ts'
import { installPrograms } from '../programs.ts'
import { runUntil } from './kill-at.ts'

export type Install = {
  readonly pinDirectory: string
  readonly bytecode?: string
  readonly processes?: boolean
} & Partial<Sizes>

/** The programs as an agent installs them: those that are pinned, or others in their place. */
export function openInstalled(install: Install): Kernel {
  const programs = installPrograms({ ...optionsOf(install), log: console.error })
  return openKernel({ programs, telemetry: createTelemetry('test', '0') })
}

/** The same by a process that is killed: `runUntil` says when, and what it gives. */
export function installUntil(call: number | string, install: Install): string[] {
  return runUntil(
    call,
    `const { installPrograms } = await import(KERNEL + '/programs.ts')
    installPrograms({ ...${JSON.stringify(optionsOf(install))}, log: () => {} })`,
  )
}

function optionsOf({ pinDirectory, bytecode = bpfObject(), processes = false, ...sizes }: Install) {
  const usual = { maxFlows: 4_096, maxOverflow: 256, maxSockets: 131_072 }
  return { pinDirectory, bytecode, processes, sizes: { ...usual, ...sizes } }
}
