/** The element with this id or selector in index.html. */
export function find<E extends Element>(selector: string, kind: new () => E): E {
  const element = document.querySelector(selector)
  if (element instanceof kind) return element
  throw new Error(`index.html has no ${kind.name} at ${selector}`)
}

type Attributes = Readonly<Record<string, string | number>>

export function html<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  setAttributes(element, attributes)
  element.append(...children)
  return element
}

export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Node[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  setAttributes(element, attributes)
  element.append(...children)
  return element
}

/** Touches only what differs, so that a refresh without news costs no layout. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value))
  }
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** Makes `wanted` the children of `parent`, in order, and keeps the focus where it was. */
export function arrange(parent: Element, wanted: readonly Element[]): void {
  const focused = document.activeElement
  const keep = new Set(wanted)
  // A copy: the live collection would skip the one after each that goes.
  for (const child of Array.from(parent.children)) if (!keep.has(child)) child.remove()
  wanted.forEach((child, index) => {
    const there = parent.children[index]
    if (there !== child) parent.insertBefore(child, there ?? null)
  })
  const hasLostFocus = focused !== document.activeElement && focused && parent.contains(focused)
  if (hasLostFocus && (focused instanceof HTMLElement || focused instanceof SVGElement)) {
    focused.focus({ preventScroll: true })
  }
}
