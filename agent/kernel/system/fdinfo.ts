import { readFileSync } from 'node:fs'

/** The numbers that the kernel tells about an open map or program, by name; 0 for one it does not tell. */
export function factsOf(fd: number): (name: string) => number {
  const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
  const lines = text.split('\n').map(line => line.split(':\t'))
  return name => Number(lines.find(([field]) => field === name)?.[1] ?? 0)
}

/** Descriptors of maps; undefined: there is none. */
export function isSameMap(one: number | undefined, other: number | undefined): boolean {
  if (one === undefined || other === undefined) return false
  return factsOf(one)('map_id') === factsOf(other)('map_id')
}
