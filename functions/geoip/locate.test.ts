import { expect, test } from 'vitest'
import { locator } from './locate.ts'

const unknownPlace = () => ({})

test.each(['other', '198.51.100.0/24', '2001:db8:1::/48'])(
  '%s stands for many addresses that the agent folded, and is no invalid one',
  folded => {
    const counted: string[] = []
    const locate = locator(unknownPlace, result => counted.push(result))
    expect(locate(folded)).toEqual({ result: 'folded' })
    expect(counted).toEqual(['folded'])
  },
)
