/** Something a person can repair: `message` is one line that names the cause and the fix. */
export class StartFault extends Error {
  override name = 'StartFault'
}

/** Somebody wants it to end: no fault, and not worth a message. */
export class Interrupted extends Error {
  override name = 'Interrupted'
}
