import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** What an agent changes in the kernel and on the bpffs, it changes by these. */
const CALLS = {
  libbpf: [
    'loadObject',
    'reuseMap',
    'update',
    'deleteEntry',
    'pin',
    'openPinned',
    'attachTracepoint',
    'attachMapIterator',
    'createIterator',
    'attachCgroup',
    'updateLink',
  ],
  fs: ['mkdirSync', 'symlinkSync', 'renameSync', 'unlinkSync', 'rmdirSync'],
}

/**
 * Runs a script, which finds the sources of agent/kernel below `KERNEL`, in a process of its own that kills
 * itself with SIGKILL instead of making one of the calls: by its number, or the first of a name; -1: none. Gives
 * the calls that were made, nothing if it was killed.
 */
export function runUntil(call: number | string, script: string): string[] {
  const whole = `
    import fs from 'node:fs'
    import { syncBuiltinESMExports } from 'node:module'
    const KERNEL = ${JSON.stringify(join(import.meta.dirname, '..'))}
    const { loadLibbpf } = await import(KERNEL + '/system/libbpf.ts')
    const calls = []
    const killsAt = ${JSON.stringify(call)}
    const objects = { libbpf: loadLibbpf(), fs }
    for (const [key, names] of Object.entries(${JSON.stringify(CALLS)})) {
      const object = objects[key]
      for (const name of names) {
        const real = object[name]
        object[name] = (...values) => {
          if ([calls.length, name].includes(killsAt)) process.kill(process.pid, 'SIGKILL')
          calls.push(name)
          return real(...values)
        }
      }
    }
    syncBuiltinESMExports()
    ${script}
    fs.writeSync(1, JSON.stringify(calls))
    process.kill(process.pid)`
  const args = ['--input-type=module', '--eval', whole]
  const { signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (signal === 'SIGKILL') return []
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

/** Before each kind of step: a call after another one, the first times that they come in this order. */
export function points(calls: readonly string[], most = 2): number[] {
  const seen = new Map<string, number>()
  return calls.flatMap((name, at) => {
    const step = `${calls[at - 1]} ${name}`
    const times = (seen.get(step) ?? 0) + 1
    seen.set(step, times)
    return times <= most ? [at] : []
  })
}
