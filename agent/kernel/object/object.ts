import { accessSync, closeSync, constants, existsSync } from 'node:fs'
import { release } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { KernelError } from '../system/error.ts'
import type { Variable } from './inventory.ts'
import { loadLibbpf, type Libbpf, type MapDefinition } from '../system/libbpf.ts'
import { typeFields, type Fields } from './type-fields.ts'
import { messageOf } from '../../message-of.ts'

/** A BPF object in the kernel. Disposing it detaches its programs and frees its maps. */
export type BpfObject = Disposable & {
  readonly mapFd: (map: string) => number
  readonly describe: (map: string) => MapDescription
  /** Runs the program at its tracepoint or function from now on. Gives the descriptor of the link. */
  readonly attach: (program: string) => number
  readonly programFd: (program: string) => number
  /** What the program is made for, such as `tp_btf/cgroup_mkdir`. */
  readonly sectionOf: (program: string) => string
  /** Gives the descriptor of a link from which the program can be run, over the map's entries if one is named. */
  readonly attachIterator: (program: string, map?: string) => number
}

/** What a map holds, as the object file says. */
export type MapDescription = { readonly definition: MapDefinition; readonly fields: Fields }

type ObjectOptions = {
  readonly bytecode: string
  /** Entries of maps whose size is a setting. */
  readonly maxEntries: Readonly<Record<string, number>>
  /** Which programs are loaded, or not; others as their section says. */
  readonly autoload: readonly (readonly [program: string, isLoaded: boolean])[]
  /** Maps of maps whose inner ones are arrays that can be mapped, and the entries of these. */
  readonly innerArrays?: Readonly<Record<string, number>>
  /** Constants of the programs. */
  readonly variables: readonly Variable[]
  /** Maps of another object that are taken instead of new ones, by name. */
  readonly reuse?: (describe: (map: string) => MapDescription) => Readonly<Record<string, number>>
  /** Takes libbpf's and the verifier's whole words when something fails. */
  readonly log: (line: string) => void
}

/** Loads the object file into the kernel. Throws KernelError. */
export function loadObject({
  bytecode,
  maxEntries,
  innerArrays = {},
  variables,
  autoload,
  reuse = () => ({}),
  log,
}: ObjectOptions): BpfObject {
  requireKernel()
  requireTypeInformation()
  requireReadable(bytecode)
  const libbpf = loadLibbpf()
  const check = checker(libbpf, log)

  using onFailure = new DisposableStack()
  const object = libbpf.openObject(bytecode)
  if (!object) throw notOurs(bytecode, firstWarning(libbpf, log) ?? 'libbpf cannot open it')
  onFailure.defer(() => libbpf.closeObject(object))

  // Once: a map that is taken from others bears their name from then on.
  const maps = libbpf.mapsOf(object)
  const map = (name: string) => {
    const found = maps.get(name)
    if (!found) throw notOurs(bytecode, `it has no map ${name}`)
    return found
  }
  const program = (name: string) => {
    const found = libbpf.findProgram(object, name)
    if (!found) throw notOurs(bytecode, `it has no program ${name}`)
    return found
  }
  const programFd = (name: string) => libbpf.programFd(program(name))
  for (const [name, entries] of Object.entries(maxEntries)) {
    check(libbpf.setMaxEntries(map(name), entries), `cannot size map ${name}`, 'BPF_LOAD')
  }
  using templates = new DisposableStack()
  // libbpf's own template of inner maps cannot be sized: bpf_map__set_max_entries crashes on it.
  for (const [name, entries] of Object.entries(innerArrays)) {
    const problem = `the kernel refuses a map for ${name}`
    const temporary = (result: number) => {
      const fd = check(result, problem, 'BPF_LOAD')
      templates.defer(() => closeSync(fd))
      return fd
    }
    const inner = libbpf.innerMap(map(name))
    if (!inner) throw notOurs(bytecode, `${name} is no map of maps`)
    // Kernels before 6.2 tell maps with types from those without, also where there is no timer in
    // them (commit 68134668c17f), so ours is to have the types of those that it stands for.
    const types = temporary(libbpf.loadTypes(libbpf.typeInformation(object)))
    const definition = libbpf.mapDefinition(inner)
    const like = temporary(libbpf.createMappableArray(definition, entries, types))
    check(libbpf.setInnerMap(map(name), like), problem, 'BPF_LOAD')
  }
  for (const [name, isLoaded] of autoload) libbpf.setAutoload(program(name), isLoaded)
  for (const { at, value } of variables) libbpf.setVariable(map('.rodata'), at, value)
  const fieldsOf = typeFields(libbpf.typeInformation(object))
  const describe = (name: string) => {
    const definition = libbpf.mapDefinition(map(name))
    return { definition, fields: fieldsOf(definition.btf_value_type_id) }
  }
  for (const [name, fd] of Object.entries(reuse(describe))) {
    check(libbpf.reuseMap(map(name), fd), `cannot go on with map ${name}`, 'BPF_LOAD')
  }
  check(libbpf.loadObject(object), 'the kernel refuses to load the programs', 'BPF_LOAD')

  const owned = onFailure.move()
  const ownLink = (fd: number) => {
    owned.defer(() => closeSync(fd))
    return fd
  }
  return {
    mapFd: name => libbpf.mapFd(map(name)),
    describe,
    attach: name => {
      const link = libbpf.attachTracepoint(programFd(name))
      return ownLink(check(link, `cannot attach ${name}`, 'BPF_ATTACH'))
    },
    programFd,
    sectionOf: name => libbpf.sectionName(program(name)).replace('?', ''),
    attachIterator: (name, over) => {
      const link = over
        ? libbpf.attachMapIterator(programFd(name), libbpf.mapFd(map(over)))
        : libbpf.attachIterator(programFd(name))
      return ownLink(check(link, `cannot attach ${name}`, 'BPF_ATTACH'))
    },
    [Symbol.dispose]: () => owned.dispose(),
  }
}

/** Throws KernelError below 5.15. */
export function requireKernel(): void {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  if (major > 5 || (major === 5 && minor >= 15)) return
  throw new KernelError(`this kernel is ${release()}, older than 5.15`, {
    code: 'KERNEL_TOO_OLD',
    // Commit 8520e224f547; atomics with a result, which it also needs, came with 5.12.
    fix: 'Use 5.15 or newer: before it a socket does not tell the programs its cgroup',
  })
}

/** Throws KernelError. */
export function requireTypeInformation(): void {
  if (existsSync('/sys/kernel/btf/vmlinux')) return
  throw new KernelError('this kernel has no type information (/sys/kernel/btf/vmlinux)', {
    code: 'NO_BTF',
    fix: 'Use a kernel 5.15 or newer that is built with CONFIG_DEBUG_INFO_BTF=y',
  })
}

/** Throws KernelError if there is no file to read. */
export function requireReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    throw new KernelError(`cannot read the bytecode: ${messageOf(error)}`, {
      code: 'BYTECODE',
      fix: 'Set kernel.bytecode (or --bytecode) to the path of podatlas.bpf.o',
    })
  }
}

function notOurs(bytecode: string, why: string): KernelError {
  return new KernelError(`${bytecode} is not the bytecode of this agent: ${why}`, {
    code: 'BYTECODE',
    fix: 'Set kernel.bytecode (or --bytecode) to the podatlas.bpf.o that came with it',
  })
}

const FIXES = {
  EPERM:
    'Run as root, or grant CAP_BPF and CAP_PERFMON; a kernel in lockdown=confidentiality refuses even then',
  BPF_LOAD: 'Use a kernel 5.15 or newer; the log before this line has what libbpf said',
  BPF_ATTACH: 'Use a kernel 5.15 or newer that allows tp_btf programs',
}

type Check = (result: number, problem: string, code: 'BPF_LOAD' | 'BPF_ATTACH') => number

/** Gives back what is no error. An error carries the name of errno and libbpf's first warning. */
function checker(libbpf: Libbpf, log: (line: string) => void): Check {
  libbpf.takeWarnings()
  return (result, problem, code) => {
    if (result >= 0) return result
    const errno = getSystemErrorName(result)
    const warning = firstWarning(libbpf, log)
    // libbpf then guesses at memory limits, which mattered before 5.11.
    if (errno === 'EPERM') {
      throw new KernelError(`${problem}: ${errno}`, { code: 'NOT_PERMITTED', fix: FIXES.EPERM })
    }
    const words = warning ? `${errno}, ${warning}` : errno
    throw new KernelError(`${problem}: ${words}`, { code, fix: FIXES[code] })
  }
}

function firstWarning(libbpf: Libbpf, log: (line: string) => void): string | undefined {
  const warnings = libbpf.takeWarnings()
  for (const line of warnings.flatMap(warning => warning.split('\n'))) log(line)
  return warnings[0]?.split('\n')[0]?.replace(/^libbpf: /, '')
}
