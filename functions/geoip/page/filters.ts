import type { Connection } from '../connections/connections.ts'
import { find, html } from './dom.ts'
import { verdictTitles } from './verdict.ts'
import { choicesOf, filters, hasFilters, none, withoutFilters } from './view.ts'
import type { Filter, View } from './view.ts'

export type Filters = {
  /** Brings the controls in line with the view and their choices with the rows. */
  readonly show: (rows: readonly Connection[], view: View) => void
}

/** The controls above the map. `onChange` hears the view that the person wants now. */
export function filterControls(current: () => View, onChange: (view: View) => void): Filters {
  const form = find('#filters', HTMLFormElement)
  const clear = find('#clear', HTMLButtonElement)

  form.addEventListener('submit', event => event.preventDefault())
  form.addEventListener('change', event => {
    const { target } = event
    if (!(target instanceof HTMLSelectElement || target instanceof HTMLInputElement)) return
    const changed = { ...current(), [target.name]: target.value }
    // A pod of another namespace would leave nothing to see.
    if (target.name === 'namespace') onChange({ ...changed, pod: '', container: '' })
    else if (target.name === 'pod') onChange({ ...changed, container: '' })
    else onChange(changed)
  })
  clear.addEventListener('click', () => onChange(withoutFilters(current())))

  return {
    show: (rows, view) => {
      for (const filter of filters) showChoices(filter, rows, view)
      for (const name of ['measure', 'scope', 'range'] as const) {
        find(`input[name=${name}][value="${view[name]}"]`, HTMLInputElement).checked = true
      }
      clear.disabled = !hasFilters(view)
    },
  }
}

function showChoices(filter: Filter, rows: readonly Connection[], view: View): void {
  const select = find(`select[name=${filter}]`, HTMLSelectElement)
  const choices = ['', ...choicesOf(rows, view, filter)]
  const before = [...select.options].map(option => option.value)
  // Changing the options of a list that stands open would close it.
  const isOpen = document.activeElement === select && before.length > 1
  if (!isOpen && before.join('\n') !== choices.join('\n')) {
    const names = namesOf(filter, rows)
    select.replaceChildren(
      ...choices.map(value => html('option', { value }, names.get(value) ?? value)),
    )
  }
  if (select.value !== view[filter]) select.value = view[filter]
}

/** What people call the values of a filter, where that differs. */
function namesOf(filter: Filter, rows: readonly Connection[]): Map<string, string> {
  const names = new Map([['', 'All']])
  if (filter === 'verdict') {
    for (const [verdict, title] of Object.entries(verdictTitles)) names.set(verdict, title)
  } else if (filter === 'country') {
    for (const { country, countryName } of rows) {
      if (country && countryName) names.set(country, `${countryName} (${country})`)
    }
    names.set('unknown', '(unknown place)').set('none', '(not the internet)')
  } else names.set(none, '(none)')
  return names
}
