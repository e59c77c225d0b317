import { beforeAll, expect, test } from 'vitest'
import { untilAgreed } from './agreement.ts'
import { podCounts } from './example/counts.ts'
import { createPod, image, podOf, untilDone } from './example/pod.ts'
import { createNamespace } from './namespace.ts'
import { kubectl, promql } from './running.ts'

const place = '192.0.2.10'
const call = (sizes: string) => ['call', `${place}:7000,${sizes},hold`]
const isRunning = ['--for=condition=Ready', 'pod/mixed', '--timeout=90s']

beforeAll(async () => {
  await createNamespace(kubectl, 'kinds')
  await createPod('kinds', 'mixed', {
    // The same image, the same remote address and port.
    ...podOf({ left: call('send=20011,receive=1009'), right: call('send=20021,receive=1013') }),
    initContainers: [
      { name: 'prepare', image, command: ['/brief', place, '7000', '3001', '60013'] },
      { name: 'proxy', image, args: call('send=4001,receive=70001'), restartPolicy: 'Always' },
    ],
  })
  await kubectl(['-n', 'kinds', 'wait', ...isRunning])
  const added = ['--container=visitor', `--image=${image}`, '--image-pull-policy=IfNotPresent']
  const args = ['--arguments-only', '--', ...call('send=6007,receive=80021')]
  await kubectl(['-n', 'kinds', 'debug', 'mixed', ...added, ...args])
  const names = ['left', 'right', 'prepare', 'proxy', 'visitor']
  await untilDone(
    'kinds',
    names.map(name => `mixed/${name}`),
  )
  await untilAgreed('kinds')
})

test.for([
  ['one of two containers with the same image and the same peer', 'left', 20_011, 1009],
  ['the other one', 'right', 20_021, 1013],
  ['an init container', 'prepare', 3001, 60_013],
  ['a sidecar, an init container that goes on', 'proxy', 4001, 70_001],
  ['an ephemeral container', 'visitor', 6007, 80_021],
] as const)('%s has its own bytes', async ([, name, sent, received]) => {
  const counts = (await podCounts('kinds')).get(`mixed/${name}`)
  expect(counts?.remotes[place]).toMatchObject({ sent, received })
  const ofContainer = `{k8s_namespace="kinds",k8s_pod="mixed",container_name="${name}"}`
  expect(await promql(`podatlas_transmit_bytes_total${ofContainer}`)).toMatchObject([
    { value: sent },
  ])
  expect(await promql(`podatlas_receive_bytes_total${ofContainer}`)).toMatchObject([
    { value: received },
  ])
})
