import koffi, { type LibraryHandle } from 'koffi'

/** Functions of the C library that Node has no words for. Each gives 0 or more, or the negative errno. */
export type Libc = {
  readonly flock: (fd: number, operation: number) => number
  readonly setDescriptorFlags: (fd: number, flags: number) => number
  /** The two words of `header`, and the six of `sets`, are those of capset(2). */
  readonly capset: (header: Uint32Array, sets: Uint32Array) => number
  /** A file in memory that has no path; `name` is for people. It outlives `execve`. */
  readonly createMemoryFile: (name: string) => number
  /** A descriptor that is readable once `setEvent` was called on it. */
  readonly openEvent: () => number
  readonly setEvent: (fd: number) => number
  /** Until one of them can be read or `timeoutMs` have passed; on a thread of libuv's pool. */
  readonly waitReadable: (fds: readonly number[], timeoutMs: number) => Promise<void>
  /** The first `bytes` of what is open, as memory that is shared with it; or the negative errno. */
  readonly map: (fd: number, bytes: number) => ArrayBuffer | number
  readonly unmap: (memory: ArrayBuffer) => void
  /** Gives freed memory back to the kernel. */
  readonly trim: () => void
  /** Unmaps the pages there till they are touched again. What is in them and not in their file is lost. */
  readonly forget: (start: number, bytes: number) => void
  readonly prctl: (option: number, a: number, b: number) => number
  /** Ends the process at once: Node's own end joins threads, and V8's may never come (docs/decisions/0160). */
  readonly exit: (code: number) => void
}

const F_SETFD = 2
const EFD_CLOEXEC = 0x80000
const POLLIN = 1
const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_FAILED = 2n ** 64n - 1n
const MADV_DONTNEED = 4

let loaded: Libc | undefined

export function loadLibc(): Libc {
  loaded ??= bindLibc()
  return loaded
}

function bindLibc(): Libc {
  const library = koffi.load(null)
  const bind = (declaration: string) => {
    const call = library.func(declaration)
    return (...values: unknown[]): number => {
      const result: number = call(...values)
      return result < 0 ? -koffi.errno() : result
    }
  }
  // long is what the kernel's register holds; the variable arguments of both are passed as one.
  const fcntl = bind('int fcntl(int fd, int command, ...)')
  const poll = library.func('int poll(void *fds, unsigned long count, int timeout)')
  const createMemoryFile = bind('int memfd_create(const char *name, unsigned int flags)')
  const openEvent = bind('int eventfd(unsigned int count, int flags)')
  const setEvent = bind('int eventfd_write(int fd, uint64_t count)')
  const map = library.func(
    'void *mmap(void *start, size_t bytes, int protection, int flags, int fd, long offset)',
  )
  const unmap = library.func('int munmap(void *start, size_t bytes)')
  const prctl = bind('int prctl(int option, ...)')
  const forget = bind('int madvise(uintptr_t start, size_t bytes, int advice)')
  return {
    flock: bind('int flock(int fd, int operation)'),
    setDescriptorFlags: (fd, flags) => fcntl(fd, F_SETFD, 'int', flags),
    capset: bind('int capset(void *header, void *sets)'),
    createMemoryFile: name => createMemoryFile(name, 0),
    openEvent: () => openEvent(0, EFD_CLOEXEC),
    setEvent: fd => setEvent(fd, 1),
    waitReadable: (fds, timeoutMs) => {
      // struct pollfd: a descriptor, and the events to wait for in the lower half of the next word.
      const waited = Int32Array.from(fds.flatMap(fd => [fd, POLLIN]))
      return new Promise((resolve, reject) => {
        poll.async(waited, fds.length, timeoutMs, (error: Error | null) =>
          error ? reject(error) : resolve(),
        )
      })
    },
    map: (fd, bytes) => {
      const start: bigint = map(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0)
      return start === MAP_FAILED ? -koffi.errno() : koffi.view(start, bytes)
    },
    unmap: memory => {
      unmap(memory, memory.byteLength)
    },
    trim: trimmer(library),
    forget: (start, bytes) => void forget(start, bytes, MADV_DONTNEED),
    prctl: (option, a, b) => prctl(option, 'long', a, 'long', b, 'long', 0, 'long', 0),
    exit: library.func('void _exit(int code)'),
  }
}

/** Other C libraries than GNU's have no such function: they keep less. */
function trimmer(library: LibraryHandle): () => void {
  try {
    const trim = library.func('int malloc_trim(size_t pad)')
    return () => void trim(0)
  } catch {
    return () => {}
  }
}
