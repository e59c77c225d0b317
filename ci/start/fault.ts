/** Something a person can repair: `message` is one line that names the cause and the fix. */
export class StartFault extends Error {
  override name = 'StartFault'
}

/** Runs a part that throws errors made for people, and passes these on as faults. */
export function orFault<Result>(part: () => Result): Result {
  try {
    return part()
  } catch (error) {
    throw new StartFault(error instanceof Error ? error.message : String(error))
  }
}

/** Somebody wants it to end: no fault, and not worth a message. */
export class Interrupted extends Error {
  override name = 'Interrupted'
}
