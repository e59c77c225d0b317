import type { ApiError } from './api-error.ts'
import type { Verb } from './list-watch.ts'
import { requests } from './resources.ts'
import type { Resource } from './resources.ts'

/** One line for the log: what failed, the server's own words, the fix. */
export function describeFailure(resource: Resource, verb: Verb, error: ApiError): string {
  return `cannot ${verb} ${resource}: ${error.message}${fix(resource, verb, error)}`
}

function fix(resource: Resource, verb: Verb, { reason }: ApiError): string {
  if (reason === 'status_403') {
    const [, apis, group] = requests[resource].path.split('/')
    const ofGroup = apis === 'apis' ? ` of ${group}` : ''
    return `; allow the service account to ${verb} ${resource}${ofGroup} in the whole cluster`
  }
  if (reason === 'status_401') return '; check the token'
  if (reason === 'credentials') return '; mount the service account or name the files by flags'
  if (reason === 'unreachable') return '; what was known stays until it answers'
  return ''
}
