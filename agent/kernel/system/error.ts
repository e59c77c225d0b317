export type KernelErrorCode =
  | 'LIBBPF_MISSING'
  | 'BYTECODE'
  | 'KERNEL_TOO_OLD'
  | 'NO_BTF'
  | 'NOT_PERMITTED'
  | 'BPF_LOAD'
  | 'BPF_ATTACH'
  | 'DRAIN'
  | 'PINS'
  | 'SECOND_AGENT'

/** What the kernel or libbpf refused. The message is one line: the cause in their own words, then the fix. */
export class KernelError extends Error {
  override readonly name = 'KernelError'
  readonly code: KernelErrorCode
  readonly problem: string
  readonly fix: string

  /** `problem` without a full stop, `fix` as a sentence that tells what to do. */
  constructor(problem: string, { code, fix }: { code: KernelErrorCode; fix: string }) {
    super(`${problem}. ${fix}`)
    this.code = code
    this.problem = problem
    this.fix = fix
  }
}
