import koffi, { type LibraryHandle, type TypeObject } from 'koffi'
import { KernelError } from './error.ts'
import { messageOf } from '../../message-of.ts'

// koffi's pointers carry no C type: the brand keeps one kind from being passed as another.
export type ObjectPointer = bigint & { readonly pointsTo: 'bpf_object' }
export type ProgramPointer = bigint & { readonly pointsTo: 'bpf_program' }
export type MapPointer = bigint & { readonly pointsTo: 'bpf_map' }
type RingPointer = bigint & { readonly pointsTo: 'ring_buffer' }

/** Where a variable is in its map, and how many bytes it has. */
export type VariablePlace = { readonly offset: number; readonly size: 1 | 4 }

/** The libbpf functions in use. Those that give a number give a descriptor or 0, or the negative errno. */
export type Libbpf = {
  readonly openObject: (path: string) => ObjectPointer | null
  readonly loadObject: (object: ObjectPointer) => number
  readonly closeObject: (object: ObjectPointer) => void
  readonly findProgram: (object: ObjectPointer, name: string) => ProgramPointer | null
  readonly programFd: (program: ProgramPointer) => number
  readonly sectionName: (program: ProgramPointer) => string
  /** Whether the program is loaded with its object; before that. */
  /** Whether programs can name this function of the running kernel. */
  readonly hasKernelFunction: (name: string) => boolean
  readonly setAutoload: (program: ProgramPointer, isLoaded: boolean) => number
  /** By the names in the object file; `.rodata` is its constants. */
  readonly mapsOf: (object: ObjectPointer) => ReadonlyMap<string, MapPointer>
  readonly mapFd: (map: MapPointer) => number
  /** Gives the kernel an object's type information; the descriptor of that. */
  readonly loadTypes: (types: Uint8Array) => number
  /** An array whose memory can be mapped, with the types of this definition; gives its descriptor. */
  readonly createMappableArray: (
    definition: MapDefinition,
    entries: number,
    typesFd: number,
  ) => number
  /** What the maps in a map of maps look like, as the object file says. */
  readonly innerMap: (map: MapPointer) => MapPointer | null
  /** The maps in a map of maps are to be like this one. */
  readonly setInnerMap: (map: MapPointer, likeFd: number) => number
  readonly setMaxEntries: (map: MapPointer, maxEntries: number) => number
  /** What the object file says of the map: the names of the getters of libbpf. */
  readonly mapDefinition: (map: MapPointer) => MapDefinition
  /** The object's type information (BTF), as bytes. */
  readonly typeInformation: (object: ObjectPointer) => Uint8Array
  /** Takes this map instead of a new one, before the object is loaded. */
  readonly reuseMap: (map: MapPointer, fd: number) => number
  /** Sets a variable in a map of variables, before the object is loaded. */
  readonly setVariable: (map: MapPointer, at: VariablePlace, value: number) => void
  readonly attachTracepoint: (programFd: number) => number
  readonly attachIterator: (programFd: number) => number
  readonly attachMapIterator: (programFd: number, mapFd: number) => number
  readonly attachCgroup: (programFd: number, cgroupFd: number, hook: CgroupHook) => number
  /** Has a cgroup's link run another program from the next packet on, in place of the one before. */
  readonly updateLink: (linkFd: number, programFd: number) => number
  readonly createIterator: (linkFd: number) => number
  /** The kernel measures all programs until the descriptor that this gives is closed. */
  readonly enableStatistics: () => number
  readonly lookup: (mapFd: number, key: Uint32Array, value: Uint8Array | Uint32Array) => number
  readonly update: (mapFd: number, key: Uint32Array, value: Uint32Array) => number
  /** The same on another thread: updating a map of maps sleeps until running programs have ended. */
  readonly updateAsync: (mapFd: number, key: Uint32Array, value: Uint32Array) => Promise<number>
  /** Puts a key of a hash map into `key`. */
  readonly firstKey: (mapFd: number, key: Uint32Array) => number
  readonly deleteEntry: (mapFd: number, key: Uint32Array) => number
  /** A reader of a ring buffer map; each record is given as a view that ends with the call. */
  readonly openRing: (mapFd: number, onRecord: (record: DataView) => void) => Ring | null
  /** Keeps a map, program or link alive beyond the process, at a path of a bpffs. */
  readonly pin: (fd: number, path: string) => number
  readonly openPinned: (path: string) => number
  /** libbpf's warnings since the last call, a line each. */
  readonly takeWarnings: () => string[]
}

export type MapDefinition = Readonly<Record<(typeof MAP_FACTS)[number], number>>
// The kernel's words for them in fdinfo are in shared-maps.ts.
const MAP_FACTS = [
  'type',
  'key_size',
  'value_size',
  'max_entries',
  'map_flags',
  'btf_key_type_id',
  'btf_value_type_id',
] as const

export type Ring = Disposable & {
  /** Gives every record that is there to `onRecord`. Gives their number, or the negative errno. */
  readonly read: () => number
}

export type CgroupHook = 'ingress' | 'egress' | 'socket'

// enum bpf_attach_type, linux/bpf.h
const BPF_TRACE_FENTRY = 24
const BPF_TRACE_ITER = 28
const CGROUP_HOOKS: Readonly<Record<CgroupHook, number>> = { ingress: 0, egress: 1, socket: 2 }
const BPF_MAP_TYPE_ARRAY = 2
const BPF_F_MMAPABLE = 1024
// enum bpf_stats_type
const BPF_STATS_RUN_TIME = 0
// enum libbpf_print_level, bpf/libbpf.h
const LIBBPF_WARN = 0

let loaded: Libbpf | undefined

/** Loads the shared library, once per process. Throws KernelError. */
export function loadLibbpf(): Libbpf {
  loaded ??= bindLibbpf()
  return loaded
}

function bindLibbpf(): Libbpf {
  const library = openLibrary()
  const pointer = 'void *'
  const linkOptions = koffi.struct({
    size: 'size_t',
    flags: 'uint32_t',
    iteratorInfo: koffi.pointer('uint32_t'),
    iteratorInfoLength: 'uint32_t',
  })
  const bind = (name: string, result: string, parameters: (string | TypeObject)[]) =>
    library.func(name, result, parameters)

  const openFile = bind('bpf_object__open_file', pointer, ['str', pointer])
  const nextMap = bind('bpf_object__next_map', pointer, [pointer, pointer])
  const mapName = bind('bpf_map__name', 'str', [pointer])
  const initialValue = bind('bpf_map__initial_value', pointer, [pointer, pointer])
  const mapGetters = MAP_FACTS.map(
    name => [name, bind(`bpf_map__${name}`, 'uint32_t', [pointer])] as const,
  )
  const objectBtf = bind('bpf_object__btf', pointer, [pointer])
  const btfBytes = bind('btf__raw_data', pointer, [pointer, pointer])
  const findFunction = bind('libbpf_find_vmlinux_btf_id', 'int', ['str', 'int'])
  const enableStatistics = bind('bpf_enable_stats', 'int', ['int'])
  const openRawTracepoint = bind('bpf_raw_tracepoint_open', 'int', ['str', 'int'])
  const createLink = bind('bpf_link_create', 'int', [
    'int',
    'int',
    'int',
    koffi.pointer(linkOptions),
  ])
  const updateLink = bind('bpf_link_update', 'int', ['int', 'int', pointer])
  const createMap = bind('bpf_map_create', 'int', [
    'int',
    'str',
    'uint32_t',
    'uint32_t',
    'uint32_t',
    pointer,
  ])
  const loadTypes = bind('bpf_btf_load', 'int', [pointer, 'size_t', pointer])
  const update = bind('bpf_map_update_elem', 'int', ['int', pointer, pointer, 'uint64_t'])
  const nextKey = bind('bpf_map_get_next_key', 'int', ['int', pointer, pointer])
  return {
    openObject: path => openFile(path, null),
    loadObject: bind('bpf_object__load', 'int', [pointer]),
    closeObject: bind('bpf_object__close', 'void', [pointer]),
    findProgram: bind('bpf_object__find_program_by_name', pointer, [pointer, 'str']),
    programFd: bind('bpf_program__fd', 'int', [pointer]),
    sectionName: bind('bpf_program__section_name', 'str', [pointer]),
    hasKernelFunction: name => findFunction(name, BPF_TRACE_FENTRY) > 0,
    setAutoload: bind('bpf_program__set_autoload', 'int', [pointer, 'bool']),
    mapsOf: object => {
      const maps = new Map<string, MapPointer>()
      let map = nextMap(object, null)
      for (; map; map = nextMap(object, map)) {
        const name: string = mapName(map)
        // libbpf puts the object's name before the dot.
        maps.set(name.slice(Math.max(name.indexOf('.'), 0)), map)
      }
      return maps
    },
    mapFd: bind('bpf_map__fd', 'int', [pointer]),
    loadTypes: types => loadTypes(types, types.length, null),
    createMappableArray: (
      { key_size, value_size, btf_key_type_id: key, btf_value_type_id: value },
      entries,
      typesFd,
    ) => {
      // struct bpf_map_create_opts: its size, BTF and the types of key and value, two zeros, the flags.
      const options = Uint32Array.of(32, 0, typesFd, key, value, 0, 0, BPF_F_MMAPABLE)
      return createMap(BPF_MAP_TYPE_ARRAY, null, key_size, value_size, entries, options)
    },
    innerMap: bind('bpf_map__inner_map', pointer, [pointer]),
    setInnerMap: bind('bpf_map__set_inner_map_fd', 'int', [pointer, 'int']),
    setMaxEntries: bind('bpf_map__set_max_entries', 'int', [pointer, 'uint32_t']),
    mapDefinition: map => {
      const facts = mapGetters.map(([name, get]) => [name, get(map)])
      return Object.fromEntries(facts)
    },
    typeInformation: object => {
      const size = new Uint32Array(1)
      const bytes = btfBytes(objectBtf(object), size)
      return new Uint8Array(koffi.view(bytes, size[0] ?? 0)).slice()
    },
    reuseMap: bind('bpf_map__reuse_fd', 'int', [pointer, 'int']),
    setVariable: (map, { offset, size }, value) => {
      const mapSize = new BigUint64Array(1)
      koffi.encode(initialValue(map, mapSize), offset, size === 1 ? 'uint8_t' : 'uint32_t', value)
    },
    attachTracepoint: programFd => openRawTracepoint(null, programFd),
    attachIterator: programFd => createLink(programFd, 0, BPF_TRACE_ITER, null),
    attachMapIterator: (programFd, mapFd) =>
      createLink(programFd, 0, BPF_TRACE_ITER, {
        size: linkOptions.size,
        flags: 0,
        iteratorInfo: [mapFd],
        iteratorInfoLength: 4,
      }),
    attachCgroup: (programFd, cgroupFd, hook) =>
      createLink(programFd, cgroupFd, CGROUP_HOOKS[hook], null),
    updateLink: (linkFd, programFd) => updateLink(linkFd, programFd, null),
    createIterator: bind('bpf_iter_create', 'int', ['int']),
    enableStatistics: () => enableStatistics(BPF_STATS_RUN_TIME),
    lookup: bind('bpf_map_lookup_elem', 'int', ['int', pointer, pointer]),
    update: (mapFd, key, value) => update(mapFd, key, value, 0),
    updateAsync: (mapFd, key, value) =>
      new Promise((resolve, reject) => {
        update.async(mapFd, key, value, 0, (error: Error | null, result: number) =>
          error ? reject(error) : resolve(result),
        )
      }),
    firstKey: (mapFd, key) => nextKey(mapFd, null, key),
    deleteEntry: bind('bpf_map_delete_elem', 'int', ['int', pointer]),
    openRing: ringOpener(library),
    pin: bind('bpf_obj_pin', 'int', ['int', 'str']),
    openPinned: bind('bpf_obj_get', 'int', ['str']),
    takeWarnings: captureWarnings(library),
  }
}

function ringOpener(library: LibraryHandle): Libbpf['openRing'] {
  const callback = koffi.pointer(koffi.proto('int', ['void *', 'void *', 'size_t']))
  const open = library.func('ring_buffer__new', 'void *', ['int', callback, 'void *', 'void *'])
  const read = library.func('ring_buffer__consume', 'int', ['void *'])
  const free = library.func('ring_buffer__free', 'void', ['void *'])
  return (mapFd, onRecord) => {
    const registered = koffi.register((_: bigint | null, record: bigint, size: number) => {
      onRecord(new DataView(koffi.view(record, size)))
      return 0
    }, callback)
    const ring: RingPointer | null = open(mapFd, registered, null, null)
    if (!ring) {
      koffi.unregister(registered)
      return null
    }
    return {
      read: () => read(ring),
      [Symbol.dispose]: () => {
        free(ring)
        koffi.unregister(registered)
      },
    }
  }
}

/** libbpf says why something failed only in its log, so it goes to a list instead of stderr. */
function captureWarnings(library: LibraryHandle): () => string[] {
  const print = koffi.pointer(koffi.proto('int', ['int', 'void *', 'void *']))
  const setPrint = library.func('libbpf_set_print', 'void *', [print])
  // On x86-64 and arm64 a va_list parameter is passed as a pointer, so it can be handed on.
  const format = library.func('vsnprintf', 'int', ['void *', 'size_t', 'void *', 'void *'])
  const text = Buffer.alloc(4096)
  let warnings: string[] = []
  const capture = (level: number, pattern: bigint, values: bigint) => {
    if (level !== LIBBPF_WARN) return 0
    const length = Math.min(format(text, text.length, pattern, values), text.length - 1)
    warnings.push(text.toString('utf8', 0, Math.max(length, 0)).trim())
    return 0
  }
  setPrint(koffi.register(capture, print))
  return () => {
    const taken = warnings
    warnings = []
    return taken
  }
}

function openLibrary(): LibraryHandle {
  try {
    return koffi.load('libbpf.so.1')
  } catch (error) {
    throw new KernelError(`cannot load libbpf: ${messageOf(error)}`, {
      code: 'LIBBPF_MISSING',
      fix: 'Install libbpf 1.0 or newer (Debian and Ubuntu: libbpf1, Fedora: libbpf)',
    })
  }
}
