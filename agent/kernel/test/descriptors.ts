import { readFileSync, readdirSync } from 'node:fs'

/** Ids of the BPF programs this process holds open. */
export function ownPrograms(): number[] {
  return readdirSync('/proc/self/fdinfo').flatMap(fd => {
    const id = /^prog_id:\s+(\d+)/m.exec(readIfOpen(`/proc/self/fdinfo/${fd}`))?.[1]
    return id ? [Number(id)] : []
  })
}

function readIfOpen(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // closed since it was listed
  }
}
