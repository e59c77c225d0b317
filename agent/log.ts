import { quietLog } from './quiet-log.ts'

/** Lines for people, on stderr: stdout belongs to the sink of that name. */
export type Log = {
  /** Something needs attention. Lines with one key are one matter: one a minute at most. */
  readonly warn: (key: string, line: string) => void
  readonly info: (line: string) => void
  /** With `-v` only. */
  readonly debug: (line: string) => void
}

export function createLog(
  verbosity: number,
  write: (line: string) => void = line => void process.stderr.write(line),
): Log {
  const at = (level: string) => (line: string) =>
    write(`${new Date().toISOString()} ${level} ${line.replaceAll(/\s*\n\s*/g, ' ')}\n`)
  return {
    warn: quietLog(at('warning')),
    info: at('info'),
    debug: verbosity > 0 ? at('debug') : () => undefined,
  }
}
