import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/** What was left behind before a measurement is not cleared away during it. */
export const collectGarbage: () => void = runInNewContext('gc')
