import { help, parseArguments } from './arguments.ts'
import { Interrupted, StartFault } from './fault.ts'
import { runSession } from './session.ts'

const say = (line: string) => void process.stderr.write(`podatlas: ${line}\n`)

const stopping = new AbortController()
// Once is enough: terminal and npm both pass Ctrl-C on, and ending takes a bounded time anyway.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => stopping.abort(new Interrupted(name)))
process.on('uncaughtException', error => stopping.abort(error))
// Whoever reads us is gone: a pipe to head, a closed terminal.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', () => stopping.abort(new Interrupted('nobody reads')))

try {
  const args = parseArguments(process.argv.slice(2))
  if (args.wantsHelp) process.stdout.write(help)
  else await runSession(args, { stopped: stopping.signal, say })
  stopping.signal.throwIfAborted()
} catch (error) {
  if (!(error instanceof Interrupted)) {
    // A fault has its fix in it; anything else is ours to repair and needs the place.
    // The system's own errors name the call and the path.
    const isForPeople =
      error instanceof Error && (error instanceof StartFault || 'syscall' in error)
    if (isForPeople) say(error.message)
    else say(error instanceof Error ? (error.stack ?? error.message) : String(error))
    process.exitCode = 1
  }
}
