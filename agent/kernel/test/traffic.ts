import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { trafficProgram } from '../../../ci/bpf/traffic.ts'

type End = {
  readonly opened: number
  readonly sent: number
  readonly received: number
  readonly datagramsSent: number
  readonly datagramsReceived: number
}

/** What an end saw of its connections, by TCP_INFO, and how many it broke off. */
type Quality = {
  readonly resets: number
  readonly retransmits: number
  readonly rttSumUs: number
  readonly rttMinUs: number
}

/** Failures by the error that the program got. */
export type Signals = {
  readonly refused: number
  readonly timedOut: number
  readonly unreachable: number
  readonly other: number
  readonly client: Quality
  readonly server: Quality
}

/** What the programs at both ends of a listener's connections wrote and read themselves. */
export type Service = {
  readonly name: string
  readonly family: 4 | 6
  readonly port: number
  readonly failed: number
  readonly client: End
  readonly server: End
  readonly signals: Signals
}

/** A run of bpf/test in a network namespace of its own, and in cgroups of its own. */
export type Traffic<Truth = Service> = AsyncDisposable & {
  readonly pid: number
  readonly clientCgroup: number
  readonly serverCgroup: number
  /** The cgroup's directory. */
  readonly clientFolder: string
  /** Lets the program go on to its next checkpoint, and gives the truth there. */
  readonly next: () => Promise<readonly Truth[]>
}

let runs = 0

/** How an agent names the owner of an end: by its cgroup, without the number of the run. */
export function ownerOf(end: string): string {
  return `podatlas-test-${process.pid}/${end}`
}

/** Starts a scenario of bpf/test/main.c; it runs to its first checkpoint. */
export function startTraffic<Truth = Service>(scenario: string): Traffic<Truth> {
  const program = trafficProgram()
  const cgroup = join(cgroup2Mount(), `podatlas-test-${process.pid}-${++runs}`)
  const [client, server] = [join(cgroup, 'client'), join(cgroup, 'server')]
  mkdirSync(client, { recursive: true })
  mkdirSync(server)
  const child = spawn(program, [scenario, client, server], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let isFirst = true
  return {
    pid: child.pid ?? 0,
    clientCgroup: statSync(client).ino,
    serverCgroup: statSync(server).ino,
    clientFolder: client,
    next: async () => {
      if (!isFirst) child.stdin.write('\n')
      isFirst = false
      const line = await lines.next()
      if (line.done) throw new Error(`traffic ${scenario} ended: exit code ${child.exitCode}`)
      return JSON.parse(line.value)
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end() // the program ends at the end of its input
      if (child.exitCode === null) await once(child, 'exit')
      for (const path of [client, server, cgroup]) rmdirSync(path)
    },
  }
}

/** Runs the iterator behind a link without a pause; stopping gives how often it ran. */
export function startWalking(linkFd: number): { readonly stop: () => Promise<number> } {
  const child = spawn(trafficProgram(), ['walk'], { stdio: ['pipe', 'pipe', 'inherit', linkFd] })
  const { stdin, stdout } = child
  if (!stdin || !stdout) throw new Error('the walker has no pipes')
  const output = text(stdout)
  return {
    stop: async () => {
      stdin.end()
      return Number(await output)
    },
  }
}

/** Also where cgroup v1 is mounted beside it. */
function cgroup2Mount(): string {
  const mount = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find(line => line.includes(' - cgroup2 '))
  if (!mount) throw new Error('no cgroup2 is mounted')
  return mount.split(' ')[4] ?? ''
}
