import { homedir } from 'node:os'
import { join } from 'node:path'

/** A folder of the cache that survives clones: `cacheDir('bpf', hash)`. It is not created. */
export function cacheDir(...parts: string[]): string {
  const caches = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(caches, 'podatlas', ...parts)
}
