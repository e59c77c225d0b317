import type { Problems } from '../program/problems.ts'
import type { ApiError } from './api-error.ts'
import type { Verb } from './list-watch.ts'
import { requests } from './resources.ts'
import type { Resource } from './resources.ts'

/**
 * Tells the log what is wrong with the API server. What hits every resource alike is one matter, so
 * that an API server that is away costs one line a minute; a right that is missing is its own.
 */
export function apiProblems(problems: Pick<Problems, 'report'>) {
  const subjects = new Map<Resource, string>()
  return {
    fail: (resource: Resource, verb: Verb, error: ApiError) => {
      // An API server keeps history for some minutes only; the list that follows makes good for it.
      if (verb === 'watch' && error.reason === 'gone') return
      const subject =
        error.reason === 'status_403' ? `${verb} ${resource}` : `API server, ${error.reason}`
      if (subjects.get(resource) !== subject) recover(resource)
      subjects.set(resource, subject)
      problems.report(subject, describe(resource, verb, error))
    },
    recover,
  }

  function recover(resource: Resource): void {
    const subject = subjects.get(resource)
    if (subject === undefined) return
    subjects.delete(resource)
    if (![...subjects.values()].includes(subject)) problems.report(subject, undefined)
  }
}

function describe(resource: Resource, verb: Verb, error: ApiError): string {
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
