import { readFileSync } from 'node:fs'

/** The numbers that the kernel tells about an open map or program, by name; 0 for one it does not tell. */
export function factsOf(fd: number): (name: string) => number {
  const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
  const lines = text.split('\n').map(line => line.split(':\t'))
  return name => Number(lines.find(([field]) => field === name)?.[1] ?? 0)
}
