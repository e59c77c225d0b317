import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { makeCgroup } from '../cgroup.ts'
import type { PodLife } from './life.ts'

/** What one container sent, by its names. */
export type Sent = { readonly container: string; readonly bytes: number }

const FIRST_SIZE = 1_000

/**
 * Each container of the pods gets a cgroup as the kubelet makes it, and sends over loopback from there:
 * each another number of bytes, so that no two can be mistaken for one another. The cgroups are removed
 * when `seen` resolves.
 */
export async function sendFromEach(
  pods: readonly PodLife[],
  seen: (sent: readonly Sent[]) => Promise<void>,
): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const top = stack.use(makeCgroup())
  const parents = ['', '/kubepods', '/kubepods/burstable'].map(path => top.path + path)
  const folders: string[] = []
  const containers: (Sent & { readonly folder: string })[] = []
  for (const pod of pods) {
    const podFolder = join(top.path, 'kubepods/burstable', `pod${pod.uid}`)
    folders.push(podFolder)
    for (const { name, id = '' } of pod.containers) {
      const folder = join(podFolder, id)
      folders.push(folder)
      const container = `${pod.workload.namespace}/${pod.name}/${name}`
      containers.push({ container, folder, bytes: FIRST_SIZE + containers.length })
    }
  }
  for (const folder of [...parents, ...folders]) mkdirSync(folder, { recursive: true })
  stack.defer(() => {
    for (const folder of [...parents.slice(1), ...folders].toReversed()) rmdirSync(folder)
  })
  await send(containers, top.mount)
  await seen(containers)
}

/** One shell that moves from cgroup to cgroup: a socket belongs to the one it was made in. */
async function send(
  containers: readonly { folder: string; bytes: number }[],
  mount: string,
): Promise<void> {
  const server = createServer(socket => {
    // The client is answered when all of its bytes are there, and closes.
    let missing = containers[accepted++]?.bytes ?? 0
    socket.on('data', ({ length }) => {
      missing -= length
      if (missing === 0) socket.end('.')
    })
  })
  let accepted = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const script = `set -e
while read -r folder bytes; do
  echo $$ > "$folder/cgroup.procs"
  exec 3<>/dev/tcp/127.0.0.1/${port}
  head -c "$bytes" /dev/zero >&3
  cat <&3 >/dev/null
  exec 3>&-
done
echo $$ > "${mount}/cgroup.procs"`
  const shell = spawn('bash', ['-c', script], { stdio: ['pipe', 'inherit', 'inherit'] })
  shell.stdin.end(containers.map(({ folder, bytes }) => `${folder} ${bytes}\n`).join(''))
  const [code] = await once(shell, 'exit')
  server.close()
  if (code !== 0) throw new Error(`the containers' shell ended with ${code}`)
}
