import type { Verdict } from '../verdicts.ts'

const names = [
  'ground',
  'panel',
  'text',
  'ocean',
  'ocean-edge',
  'grid',
  'land',
  'land-edge',
  'focus',
  'allowed',
  'forbidden',
  'unknown',
] as const

/** What the map is painted with: the colours of the style sheet, as they are now. */
export type Colours = Readonly<Record<(typeof names)[number] | Verdict, string>>

/** Reads the colours that hold for `element`; `onChange` hears when it takes others. */
export function followColours(element: Element, onChange: () => void): () => Colours {
  let colours = readColours(element)
  const readAnew = () => {
    colours = readColours(element)
    onChange()
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', readAnew)
  new MutationObserver(readAnew).observe(document.documentElement, {
    attributeFilter: ['data-theme'],
  })
  return () => colours
}

function readColours(element: Element): Colours {
  const style = getComputedStyle(element)
  const valueOf = (name: string) => style.getPropertyValue(`--${name}`)
  return {
    ground: valueOf('ground'),
    panel: valueOf('panel'),
    text: valueOf('text'),
    ocean: valueOf('ocean'),
    'ocean-edge': valueOf('ocean-edge'),
    grid: valueOf('grid'),
    land: valueOf('land'),
    'land-edge': valueOf('land-edge'),
    focus: valueOf('focus'),
    allowed: valueOf('allowed'),
    forbidden: valueOf('forbidden'),
    unknown: valueOf('unknown'),
  }
}
