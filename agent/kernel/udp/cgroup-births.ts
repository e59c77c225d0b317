import type { Telemetry } from '../../telemetry.ts'
import { openCgroupEvents, type CgroupEvent } from './cgroup-events.ts'
import { messageOf } from '../../message-of.ts'
import type { Programs } from '../object/descriptors.ts'

export type CgroupBirth = Pick<CgroupEvent, 'cgroupId' | 'path'>

export type CgroupBirths = Disposable & {
  /** The births since the last call, in order, up to this very moment. */
  readonly takeBirths: () => readonly CgroupBirth[]
  /** Reads what was told up to this very moment, for the listener and for `takeBirths`. */
  readonly read: () => void
  /** From now on each event is also given to this listener within a millisecond or so. */
  readonly listen: (onEvents: (events: readonly CgroupEvent[]) => void) => void
}

export type CgroupBirthsOptions = {
  readonly programs: Pick<Programs, 'mapFd'>
  readonly telemetry: Pick<Telemetry, 'cgroupBirths' | 'cgroupBirthsLost'>
  readonly warn: (key: string, line: string) => void
  /** Births kept between two calls of `takeBirths`; beyond, the first are forgotten. */
  readonly maxKept?: number
}

/** The kernel's buffer holds some 1,300 births: without a listener it is emptied this often. */
const READ_EVERY_MS = 500
/** A thread that waits ends at the latest after this time. */
const WAIT_MS = 1_000

/** Keeps id and path of each new cgroup until they are asked for. Throws KernelError. */
export function openCgroupBirths(options: CgroupBirthsOptions): CgroupBirths {
  const { programs, telemetry, warn, maxKept = 10_000 } = options
  const events = openCgroupEvents(programs)
  let births: CgroupBirth[] = []
  let listener: ((events: readonly CgroupEvent[]) => void) | undefined
  const timer = setInterval(read, READ_EVERY_MS).unref()

  function read(): void {
    try {
      const told = events.read()
      if (told.length > 0) keep(told)
    } catch (error) {
      warn('cgroups', messageOf(error))
    }
  }

  function keep(told: readonly CgroupEvent[]): void {
    const born = told.filter(({ kind }) => kind === 'born')
    telemetry.cgroupBirths.inc(born.length)
    births.push(...born)
    const surplus = births.length - maxKept
    if (surplus > 0) {
      births = births.slice(surplus)
      telemetry.cgroupBirthsLost.inc(surplus)
    }
    listener?.(told)
  }

  async function readPromptly(): Promise<void> {
    while (await events.wait(WAIT_MS)) read()
  }

  return {
    read,
    takeBirths: () => {
      read()
      const taken = births
      births = []
      return taken
    },
    listen: onEvents => {
      listener = onEvents
      readPromptly().catch((error: unknown) => warn('cgroups', messageOf(error)))
    },
    [Symbol.dispose]: () => {
      clearInterval(timer)
      events[Symbol.dispose]()
    },
  }
}
