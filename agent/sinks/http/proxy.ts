import { BlockList, isIP } from 'node:net'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy that the environment names for a URL; empty: none. As Go reads it, and so Prometheus and what
 * belongs to Kubernetes: `NO_PROXY` lists names (`example.com` with all below it, `.example.com` without
 * itself), addresses, networks (`10.0.0.0/8`) and `*`, each with a port or without; this machine is never
 * reached through a proxy. As with curl, the variables in small letters win.
 */
export function proxyOf(endpoint: URL, env: Environment): string {
  const name = endpoint.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const proxy = variable(env, name)
  if (proxy === '' || isExempt(endpoint, variable(env, 'NO_PROXY'))) return ''
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

function variable(env: Environment, name: string): string {
  return (env[name.toLowerCase()] || env[name] || '').trim()
}

function isExempt({ hostname, port, protocol }: URL, noProxy: string): boolean {
  const host = hostname.replaceAll(/^\[|\]$|\.$/g, '')
  if (host === 'localhost' || isWithin(host, '127.0.0.0/8') || host === '::1') return true
  const usedPort = port || (protocol === 'https:' ? '443' : '80')
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(entry => entry !== '')
    .some(entry => matches(entry, host, usedPort))
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*' || isWithin(host, entry)) return true
  const [, name = '', onPort = port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? []
  if (onPort !== port) return false
  if (isIP(host) !== 0) return isWithin(host, name.replaceAll(/[[\]]/g, ''))
  const suffix = name.replace(/^\*?(?=\.)/, '')
  return suffix.startsWith('.')
    ? host.endsWith(suffix)
    : host === suffix || (suffix !== '' && host.endsWith(`.${suffix}`))
}

/** Whether an address is that one, or lies in that network (10.0.0.0/8); false where either is something else. */
function isWithin(address: string, network: string): boolean {
  const [base = '', bits] = network.split('/')
  const family = isIP(base)
  if (family === 0 || isIP(address) === 0) return false
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  if (bits === undefined) list.addAddress(base, kind)
  else if (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
    list.addSubnet(base, Number(bits), kind)
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}
