import { find, setText } from './dom.ts'

const themes = ['system', 'light', 'dark'] as const
type Theme = (typeof themes)[number]

const titles = { system: 'System colours', light: 'Light colours', dark: 'Dark colours' }
const slot = 'podatlas-theme'

/** The button that goes through the colours: those of the system, light, dark. Kept in this browser. */
export function themeButton(): void {
  const button = find('#theme', HTMLButtonElement)
  let theme = stored()
  apply()
  button.addEventListener('click', () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system'
    localStorage.setItem(slot, theme)
    apply()
  })

  function apply(): void {
    document.documentElement.dataset['theme'] = theme
    setText(button, titles[theme])
  }
}

function stored(): Theme {
  return themes.find(theme => theme === localStorage.getItem(slot)) ?? 'system'
}
