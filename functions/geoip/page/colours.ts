/** What the map is painted with: the colours of the style sheet, as they are now. */
export type Colours = ReturnType<typeof readColours>

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

function readColours(element: Element) {
  const style = getComputedStyle(element)
  const valueOf = (name: string) => style.getPropertyValue(`--${name}`)
  return {
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
