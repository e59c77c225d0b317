import { readFileSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import { KernelError } from './error.ts'
import { loadLibbpf } from './libbpf.ts'
import { loadLibc } from './libc.ts'

/** Numbers of linux/capability.h. */
const CAPABILITIES = {
  NET_BIND_SERVICE: 10,
  NET_ADMIN: 12,
  SYS_ADMIN: 21,
  PERFMON: 38,
  BPF: 39,
} as const
export type Capability = keyof typeof CAPABILITIES

// linux/capability.h, linux/prctl.h
const VERSION_3 = 0x20_08_05_22
const PR_SET_NO_NEW_PRIVS = 38
const PR_CAP_AMBIENT = 47
const PR_CAP_AMBIENT_RAISE = 2

/** Whether this process may use it; CAP_SYS_ADMIN stands for those that were split off from it. */
export function hasCapability(capability: 'BPF' | 'PERFMON' | 'NET_ADMIN'): boolean {
  const others = capability === 'NET_ADMIN' ? 0n : bit('SYS_ADMIN')
  return (setOf('CapEff') & (bit(capability) | others)) !== 0n
}

/** Whether it has any other capability than these. */
export function hasMoreThan(kept: readonly Capability[]): boolean {
  return (setOf('CapPrm') & ~maskOf(kept)) !== 0n
}

/**
 * Gives up every capability but these, of those it has, for this thread and for what it executes:
 * also root gains none by that. Threads that run already keep theirs. Throws KernelError.
 */
export function dropCapabilities(kept: readonly Capability[]): void {
  const libc = loadLibc()
  check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0))
  const mask = maskOf(kept) & setOf('CapPrm')
  check(setCapabilities({ effective: mask, permitted: mask, inheritable: mask }))
  // Without this a process that is not root loses them when it executes a file.
  for (const capability of kept.filter(name => (mask & bit(name)) !== 0n)) {
    check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAPABILITIES[capability]))
  }
}

/**
 * Whether a map can be read without CAP_BPF: since 5.19 (commit c8644cd0efe7) an open descriptor is
 * enough. Tried with this map, of four-byte keys.
 */
export function readsMapsWithoutBpf(mapFd: number): boolean {
  const permitted = setOf('CapPrm')
  const inheritable = setOf('CapInh')
  const effective = setOf('CapEff')
  check(setCapabilities({ effective: 0n, permitted, inheritable }))
  const result = loadLibbpf().lookup(mapFd, Uint32Array.of(0), new Uint8Array(4_096))
  check(setCapabilities({ effective, permitted, inheritable }))
  return result >= 0 || getSystemErrorName(result) !== 'EPERM'
}

function setCapabilities(sets: Record<'effective' | 'permitted' | 'inheritable', bigint>): number {
  const words = [0n, 32n].flatMap(shift =>
    [sets.effective, sets.permitted, sets.inheritable].map(set =>
      Number((set >> shift) & 0xff_ff_ff_ffn),
    ),
  )
  return loadLibc().capset(Uint32Array.of(VERSION_3, 0), Uint32Array.from(words))
}

function setOf(name: 'CapEff' | 'CapPrm' | 'CapInh'): bigint {
  const status = readFileSync('/proc/thread-self/status', 'utf8')
  return BigInt(`0x${new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(status)?.[1] ?? 0}`)
}

function bit(capability: Capability): bigint {
  return 1n << BigInt(CAPABILITIES[capability])
}

function maskOf(capabilities: readonly Capability[]): bigint {
  return capabilities.reduce((mask, capability) => mask | bit(capability), 0n)
}

function check(result: number): void {
  if (result >= 0) return
  throw new KernelError(`cannot drop capabilities: ${getSystemErrorName(result)}`, {
    code: 'NOT_PERMITTED',
    fix: 'Allow capset and prctl in the seccomp profile',
  })
}
