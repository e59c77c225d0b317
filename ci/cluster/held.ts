import { readdirSync, readFileSync } from 'node:fs'

/** BPF objects, as bpftool calls them. */
export const kinds = ['prog', 'link', 'map'] as const

/** The kernel's numbers of what a process has open: the machine may run other agents, too. */
export function heldBy(pid: number): Record<(typeof kinds)[number], number[]> {
  const folder = `/proc/${pid}/fdinfo`
  const texts = readdirSync(folder).map(fd => textOf(`${folder}/${fd}`))
  const ids = (kind: string) =>
    texts.flatMap(text => new RegExp(`^${kind}_id:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? [])
  return {
    prog: ids('prog').map(Number),
    link: ids('link').map(Number),
    map: ids('map').map(Number),
  }
}

/** A connection, or the walk of an iterator, may end while one looks; such a descriptor held nothing that stays. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
