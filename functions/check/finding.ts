/** What a check has seen, in words: either it is as it should be, or what is missing and where to look. */
export type Finding = { readonly isGood: boolean; readonly says: string }

export function good(says: string): Finding {
  return { isGood: true, says }
}

export function bad(says: string): Finding {
  return { isGood: false, says }
}
