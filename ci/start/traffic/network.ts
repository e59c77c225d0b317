import { isIPv6 } from 'node:net'
import { StartFault } from '../fault.ts'
import { run } from '../run.ts'
import type { Actor } from './cast.ts'

// What the far ends hold, whole, without an interface address for each. Not all of 2001:db8::/32:
// such a route goes before those to the containers, however narrow these are.
const farNetworks = ['198.51.100.0/24', '203.0.113.0/24', '2001:db8::/33']
const gateway = { v4: '192.0.2.1', v6: 'fe80::1' }

/** Gives the far ends every address of the demo world, except those of the containers. */
export async function furnishFarEnds(pid: number, farEnds: Actor): Promise<void> {
  const callers = farEnds.plan.calls.flatMap(({ from }) => from ?? [])
  await ipIn(pid, [
    'link set lo up',
    ...farNetworks
      .filter(network => hasIpv6(callers) || !network.includes(':'))
      .map(network => `route add local ${network} dev lo`),
    // IPv6 binds only to addresses of an interface.
    ...callers.map(address => `addr add ${hostRoute(address)} dev lo${noDuplicateCheck(address)}`),
  ])
}

/**
 * Joins the network namespace of process `pid` to that of the far ends by a cable of its own.
 * Both ends lie in these namespaces, so the cable goes when they go: when their processes end.
 */
export async function plugIn(
  farPid: number,
  pid: number,
  addresses: readonly string[],
): Promise<void> {
  const cable = `to${pid}`
  await ipIn(farPid, [
    `link add ${cable} type veth peer name eth0 netns ${pid}`,
    `addr add ${gateway.v4}/32 dev ${cable}`,
    ...(hasIpv6(addresses) ? [`addr add ${gateway.v6}/64 dev ${cable} nodad`] : []),
    `link set ${cable} up`,
    ...addresses.map(address => `route add ${hostRoute(address)} dev ${cable}`),
  ])
  await ipIn(pid, [
    'link set lo up',
    ...addresses.map(
      address => `addr add ${hostRoute(address)} dev eth0${noDuplicateCheck(address)}`,
    ),
    'link set eth0 up',
    `route add ${gateway.v4}/32 dev eth0`,
    `route add default via ${gateway.v4}`,
    ...(hasIpv6(addresses) ? [`route add default via ${gateway.v6} dev eth0`] : []),
  ])
}

async function ipIn(pid: number, commands: readonly string[]): Promise<void> {
  try {
    await run(['nsenter', `--net=/proc/${pid}/ns/net`, 'ip', '-batch', '-'], commands.join('\n'))
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw new StartFault(
      `the demo's network cannot be made: ${cause}. Load veth (modprobe veth), or start without --traffic`,
    )
  }
}

function hasIpv6(addresses: readonly string[]): boolean {
  return addresses.some(isIPv6)
}

function hostRoute(address: string): string {
  return `${address}/${isIPv6(address) ? 128 : 32}`
}

/** Without it an IPv6 address is unusable for a second or two. */
function noDuplicateCheck(address: string): string {
  return isIPv6(address) ? ' nodad' : ''
}
