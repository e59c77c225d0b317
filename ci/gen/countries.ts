import { iso31661 } from 'iso-3166'

/** Kosovo has no code of ISO 3166; databases of places give it this one, which ISO leaves to users. */
const kosovo = 'XK'

/** chart/files/countries.txt: the codes that a geofence policy may name. */
export async function countries(): Promise<{ path: string; content: string }[]> {
  const codes = [...iso31661.map(({ alpha2 }) => alpha2), kosovo].toSorted()
  return [{ path: 'chart/files/countries.txt', content: `${codes.join('\n')}\n` }]
}
