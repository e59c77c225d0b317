import { arrange, find, html, setAttributes, setText } from './dom.ts'
import { describe } from './tooltip.ts'
import type { Spot } from './spots.ts'

export type Choices = {
  /** Brings the list in line with the spots. */
  readonly show: (spots: readonly Spot[], picked: string) => void
  /** The key of the place that has the focus, while the list has it. */
  readonly focused: () => string | undefined
}

/**
 * The dots for those who do not use a pointer: a list of options that nobody sees, of which the map paints
 * the active one. `onMove` hears of another active one, `onPick` of the chosen one, `onKey` of other keys.
 */
export function placeChoices(on: {
  move: (key: string | undefined) => void
  pick: (key: string) => void
  key: (key: string) => boolean
}): Choices {
  const list = find('#dots', HTMLElement)
  const options = new Map<string, HTMLElement>()
  let keys: readonly string[] = []
  let active: string | undefined
  let ids = 0

  const activate = (key: string | undefined) => {
    active = key
    const option = key === undefined ? undefined : options.get(key)
    if (option) setAttributes(list, { 'aria-activedescendant': option.id })
    else list.removeAttribute('aria-activedescendant')
  }
  const isFocused = () => document.activeElement === list
  list.addEventListener('focus', () => {
    activate(active ?? keys[0])
    on.move(active)
  })
  list.addEventListener('blur', () => on.move(undefined))
  list.addEventListener('keydown', event => {
    const next = nextIndex(event.key, active === undefined ? -1 : keys.indexOf(active), keys.length)
    if (next !== undefined) {
      activate(keys[next])
      on.move(active)
    } else if ((event.key === 'Enter' || event.key === ' ') && active !== undefined) on.pick(active)
    else if (event.key === 'Escape') on.pick('')
    else if (!on.key(event.key)) return
    event.preventDefault()
  })

  return {
    show: (spots, picked) => {
      keys = spots.map(({ dot }) => dot.key)
      const present = new Set(keys)
      for (const key of options.keys()) if (!present.has(key)) options.delete(key)
      arrange(
        list,
        spots.map(({ dot }) => {
          const option = options.get(dot.key) ?? html('div', { role: 'option', id: `dot-${ids++}` })
          options.set(dot.key, option)
          setText(option, describe(dot))
          setAttributes(option, { 'aria-selected': String(dot.key === picked) })
          return option
        }),
      )
      setListbox(list, spots.length > 0)
      if (active !== undefined && !present.has(active)) activate(isFocused() ? keys[0] : undefined)
    },
    focused: () => (isFocused() ? active : undefined),
  }
}

/** A listbox must hold an option; without dots it is nothing to stop at. */
function setListbox(list: HTMLElement, hasDots: boolean): void {
  if (hasDots) {
    setAttributes(list, {
      role: 'listbox',
      tabindex: 0,
      'aria-label':
        'Places, largest first. Arrow keys move, Enter shows one alone, plus and minus zoom',
    })
  } else for (const name of ['role', 'tabindex', 'aria-label']) list.removeAttribute(name)
}

function nextIndex(key: string, index: number, count: number): number | undefined {
  if (count === 0) return undefined
  if (key === 'ArrowRight' || key === 'ArrowDown') return (index + 1) % count
  if (key === 'ArrowLeft' || key === 'ArrowUp') return (index - 1 + count) % count
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  return undefined
}
