import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const repository = join(import.meta.dirname, '../..')

/** What is checked out: "-dirty" where files differ from it, "unknown" without git. The time is that of the commit, in UTC. */
export function commit(): { revision: string; time: string } {
  try {
    const [hash = '', seconds] = git('log', '-1', '--format=%H %ct').trim().split(' ')
    const time = new Date(Number(seconds) * 1000).toISOString().replace('.000', '')
    return { revision: git('status', '--porcelain') === '' ? hash : `${hash}-dirty`, time }
  } catch {
    return { revision: 'unknown', time: '1970-01-01T00:00:00Z' }
  }
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: repository, encoding: 'utf8', stdio: 'pipe' })
}
