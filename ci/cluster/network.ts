import { writeFileSync } from 'node:fs'
import { addresses, places } from './addresses.ts'
import { run } from '../image/run.ts'

export const bridge = 'atlas0'
export const worldNamespace = '/run/netns/world'

/**
 * Inside a fresh network namespace: the bridge of the pods, and behind a veth the "world", a further
 * namespace that holds the documentation addresses of all places. No route leads anywhere else.
 */
export async function makeNetwork(): Promise<void> {
  const settings = {
    'net/ipv4/ip_forward': '1',
    // Without it, a reply that stays on the bridge skips the address translation of services.
    'net/bridge/bridge-nf-call-iptables': '1',
  }
  const inCluster = [
    'link set lo up',
    `link add ${bridge} type bridge`,
    `address add ${addresses.node}/24 dev ${bridge}`,
    `link set ${bridge} up`,
    // Connections are routed before iptables gives them a pod's address.
    `route add ${addresses.services} dev ${bridge}`,
    'netns add world',
    'link add to-world type veth peer name eth0 netns world',
    `address add ${addresses.worldGateway}/24 dev to-world`,
    'link set to-world up',
  ]
  const inWorld = [
    'link set lo up',
    ...places.map(place => `address add ${place.address}/24 dev eth0`),
    'link set eth0 up',
    `route add default via ${addresses.worldGateway}`,
  ]
  for (const command of inCluster) await run('ip', command.split(' '))
  for (const command of inWorld) await run('ip', ['-netns', 'world', ...command.split(' ')])
  for (const [name, value] of Object.entries(settings)) writeFileSync(`/proc/sys/${name}`, value)
}
