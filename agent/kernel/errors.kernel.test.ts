import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bpfObject } from '../../ci/bpf/object.ts'
import { KernelError } from './system/error.ts'
import { openTestKernel } from './test/open.ts'
import { objectVariant } from './test/variant.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'podatlas-errors-'))
  bpfObject() // built once, and before capabilities are dropped
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What openKernel throws in a fresh process that is started through a command. */
function openThrough(through: readonly [string, ...string[]]): { code: string; message: string } {
  const script = `
    import { openTestKernel } from '${import.meta.dirname}/test/open.ts'
    try {
      using kernel = openTestKernel({ log: () => {} })
      await kernel.drain()
      console.log('{}')
    } catch ({ code, message }) {
      console.log(JSON.stringify({ code, message }))
    }`
  const [command, ...rest] = [...through, process.execPath] as const
  const output = execFileSync(command, [...rest, '--input-type=module', '--eval', script], {
    encoding: 'utf8',
  })
  return JSON.parse(output)
}

/** The same in this process, with another file as the bytecode. */
function openFile(bytecode: string): KernelError {
  try {
    openTestKernel({ bytecode, log: () => {} })[Symbol.dispose]()
  } catch (error) {
    if (error instanceof KernelError) return error
    throw error
  }
  throw new Error(`${bytecode} was opened`)
}

/** Runs what follows with a file system of its own, after a change to it. */
function withMount(change: string): [string, ...string[]] {
  return ['unshare', '--mount', 'sh', '-c', `${change} && exec "$0" "$@"`]
}

function withCapabilities(...capabilities: string[]): [string, ...string[]] {
  return ['setpriv', `--bounding-set=${['-all', ...capabilities].join(',')}`, '--inh-caps=-all']
}

describe('each refusal is one line with the cause and the fix', () => {
  test('no type information in the kernel', () => {
    const { code, message } = openThrough(withMount('mount -t tmpfs none /sys/kernel/btf'))
    expect(code).toBe('NO_BTF')
    expect(message).toMatch(
      /^this kernel has no type information .*vmlinux.*\. Use a kernel .*BTF.*$/,
    )
  })

  test('libbpf is not installed', () => {
    const hide = 'mount --bind /dev/null "$(ldconfig -p | sed -n "s/.*libbpf.so.1 .*=> //p")"'
    const { code, message } = openThrough(withMount(hide))
    expect(code).toBe('LIBBPF_MISSING')
    expect(message).toMatch(/^cannot load libbpf: .*libbpf\.so\.1.*\. Install libbpf .*libbpf1.*$/)
  })

  test.each([{ granted: [] }, { granted: ['+bpf'] }, { granted: ['+perfmon'] }])(
    'only these capabilities: $granted',
    ({ granted }) => {
      const { code, message } = openThrough(withCapabilities(...granted))
      expect(code).toBe('NOT_PERMITTED')
      expect(message).toMatch(/^the kernel refuses .*EPERM\. .*CAP_BPF and CAP_PERFMON.*$/)
    },
  )

  test('the bytecode file is missing', () => {
    const { code, message } = openFile('/nowhere/podatlas.bpf.o')
    expect(code).toBe('BYTECODE')
    expect(message).toMatch(
      /^cannot read the bytecode: .*'\/nowhere\/podatlas\.bpf\.o'\. Set .*--bytecode.*$/,
    )
  })

  test.each([
    ['cut off', (whole: Buffer) => whole.subarray(0, 3000)],
    ['something else', () => 'hello\n'],
    ['empty', () => ''],
  ])('the bytecode file is %s', (name, content) => {
    const path = join(folder, `${name}.o`)
    writeFileSync(path, content(readFileSync(bpfObject())))
    const { code, message } = openFile(path)
    expect(code).toBe('BYTECODE')
    expect(message).toMatch(/^.* is not the bytecode of this agent: .*\. Set .*--bytecode.*$/)
    expect(message).toContain(path)
  })

  test('a BPF object that is not ours', () => {
    const path = join(folder, 'foreign.o')
    execFileSync('clang', ['-target', 'bpf', '-g', '-c', '-x', 'c', '-', '-o', path], {
      input: 'char LICENSE[] __attribute__((section("license"))) = "GPL";',
    })
    const { code, message } = openFile(path)
    expect(code).toBe('BYTECODE')
    expect(message).toContain('it has no map flows_a')
  })

  test('a kernel without the tracepoint', () => {
    using variant = objectVariant({
      file: 'tcp_state.bpf.c',
      before: 'inet_sock_set_state',
      after: 'no_such_tracepoint',
    })
    const { code, message } = openFile(variant.bytecode)
    expect(code).toBe('BPF_LOAD')
    expect(message).toMatch(
      /^the kernel refuses to load .*no_such_tracepoint.*\. Use a kernel 5\.15.*$/,
    )
  })
})

test('CAP_BPF and CAP_PERFMON are enough to count and to drain', () => {
  expect(openThrough(withCapabilities('+bpf', '+perfmon'))).toEqual({})
})
