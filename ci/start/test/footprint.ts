import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { cgroupMount } from '../cgroup-mount.ts'

export type Process = {
  readonly id: number
  readonly parent: number
  readonly startTime: string
  readonly command: string
}

/** What a running process and its descendants hold, by ids that the kernel does not give twice. */
export type Footprint = {
  readonly processes: readonly Process[]
  readonly programs: readonly number[]
  readonly links: readonly number[]
  readonly maps: readonly number[]
  /** Names at the root of the hierarchy. */
  readonly cgroups: readonly string[]
}

/** What the machine shows to anybody, whoever made it. */
export function machineState() {
  return {
    networkNamespaces: run('ip', 'netns'),
    interfaces: run('ip', '-brief', 'link').replaceAll(/ +/g, ' '),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
    pins: run('find', '/sys/fs/bpf'),
  }
}

export function footprintOf(pid: number): Footprint {
  const processes = familyOf(pid)
  return {
    processes,
    programs: processes.flatMap(({ id }) => idsHeld(id, 'prog_id')),
    links: processes.flatMap(({ id }) => idsHeld(id, 'link_id')),
    maps: processes.flatMap(({ id }) => idsHeld(id, 'map_id')),
    cgroups: cgroups().filter(name => processes.some(({ id }) => name.includes(`-${id}-`))),
  }
}

/** The part of a footprint that is still there. */
export function remainsOf(footprint: Footprint): Footprint {
  const alive = new Set(allProcesses().map(nameOf))
  return {
    processes: footprint.processes.filter(process => alive.has(nameOf(process))),
    programs: stillShown('prog', footprint.programs),
    links: stillShown('link', footprint.links),
    maps: stillShown('map', footprint.maps),
    cgroups: footprint.cgroups.filter(name => cgroups().includes(name)),
  }
}

/** Process ids are used again, together with the start time they are not. */
function nameOf({ id, startTime }: Process): string {
  return `${id} ${startTime}`
}

function familyOf(pid: number): Process[] {
  const all = allProcesses()
  const family = all.filter(({ id }) => id === pid)
  for (const { id } of family) family.push(...all.filter(({ parent }) => parent === id))
  return family
}

function allProcesses(): Process[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      const stat = orEmpty(() => readFileSync(`/proc/${name}/stat`, 'utf8'))
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const [state, parent] = fields
      // A zombie holds nothing: its parent has just not looked yet.
      if (stat === '' || state === 'Z') return []
      const command = orEmpty(() => readFileSync(`/proc/${name}/cmdline`, 'utf8'))
      const startTime = fields[19] ?? ''
      return [{ id: Number(name), parent: Number(parent), startTime, command }]
    })
}

function idsHeld(pid: number, field: string): number[] {
  const folder = `/proc/${pid}/fdinfo`
  const descriptors = orEmpty(() => readdirSync(folder).join(' ')).split(' ')
  return descriptors.flatMap(descriptor => {
    const text = orEmpty(() => readFileSync(`${folder}/${descriptor}`, 'utf8'))
    const [, id] = new RegExp(`^${field}:\\s+(\\d+)$`, 'm').exec(text) ?? []
    return id === undefined ? [] : [Number(id)]
  })
}

function cgroups(): string[] {
  return readdirSync(cgroupMount()).filter(name => name.startsWith('podatlas-start-'))
}

function stillShown(object: 'prog' | 'link' | 'map', ids: readonly number[]): number[] {
  const shown: { id: number }[] = JSON.parse(run('bpftool', '-j', object, 'show'))
  return ids.filter(id => shown.some(each => each.id === id))
}

/** Processes and descriptors come and go while one looks. */
function orEmpty(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

function run(program: string, ...words: readonly string[]): string {
  return execFileSync(program, words, { encoding: 'utf8' })
}
