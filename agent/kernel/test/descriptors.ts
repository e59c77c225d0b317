import { readFileSync, readdirSync } from 'node:fs'

/** Ids of the BPF programs this process holds open. */
export function ownPrograms(): number[] {
  return descriptors().flatMap(({ facts }) => {
    const id = /^prog_id:\s+(\d+)/m.exec(facts)?.[1]
    return id ? [Number(id)] : []
  })
}

/** The descriptor of this process about which the kernel says this. */
export function ownDescriptor(fact: RegExp): number {
  const found = descriptors().find(({ facts }) => fact.test(facts))
  if (!found) throw new Error(`no descriptor of this process shows ${fact}`)
  return found.fd
}

function descriptors(): { fd: number; facts: string }[] {
  return readdirSync('/proc/self/fdinfo').map(fd => ({
    fd: Number(fd),
    facts: readIfOpen(`/proc/self/fdinfo/${fd}`),
  }))
}

function readIfOpen(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // closed since it was listed
  }
}
