import { constant, constantFrom, nat, oneof, record, tuple, type Arbitrary } from 'fast-check'
import type { AttributedFlow, Owner } from '../model.ts'
import { exampleFlow } from './example-flow.ts'

const pods: Owner[] = ['web-1', 'web-2', 'db-1', 'x', 'y', 'z'].map((pod, i) => ({
  namespace: i < 4 ? 'shop' : 'bank',
  pod,
  container: `c${i % 2}`,
  workload: pod.slice(0, 3),
  workloadKind: i < 2 ? 'Deployment' : 'StatefulSet',
  image: `image-${i % 3}`,
  containerId: `id-${i}`,
}))

const remoteAddress = oneof(
  tuple(nat(3), nat(20)).map(([network, host]) => `203.0.${network}.${host}`),
  tuple(nat(2), nat(2), nat(9)).map(
    ([site, net, host]) => `2001:db8:${site + 1}:${net + 1}::${host + 1}`,
  ),
  constant('other'),
)

const process = constantFrom(
  {},
  { process: { pid: 1 } },
  { process: { pid: 1, command: 'a' } },
  { process: { pid: 7, command: 'a b' } },
)

/** Few local and remote ends, which meet again and again; most flows know most signals not at all. */
export const anyFlow: Arbitrary<AttributedFlow> = tuple(
  process,
  record({
    owner: constantFrom({}, { container: 'ssh.service' }, ...pods),
    remoteAddress,
    servicePort: constantFrom(53, 80, 443),
    protocol: constantFrom('tcp', 'udp'),
    role: constantFrom('client', 'server'),
    bytesSent: oneof(nat(9), nat(10_000), nat(2 ** 40)),
    bytesReceived: rarely(1_000_000),
    connectionsOpened: nat(2),
    rttSumUs: rarely(5_000_000),
    rttSamples: rarely(9),
    rttMinUs: rarely(900),
    retransmits: rarely(30),
    datagramsSent: rarely(100),
    datagramsReceived: rarely(100),
    failedRefused: rarely(3),
    failedTimedOut: rarely(3),
    failedUnreachable: rarely(3),
    failedOther: rarely(3),
    resetByUs: rarely(3),
    resetByPeer: rarely(3),
  }),
).map(([ofProcess, told]) => exampleFlow({ ...told, ...ofProcess }))

function rarely(most: number): Arbitrary<number> {
  return oneof({ weight: 5, arbitrary: constant(0) }, nat(most))
}
