/**
 * The projection as its authors published it (Šavrič and others, 2011): the witness for where the page
 * puts its dots. Answers pixels right of and above the middle of a map `width` × `height` pixels large.
 */
export function naturalEarth(
  latitude: number,
  longitude: number,
  size: { readonly width: number; readonly height: number },
): { readonly right: number; readonly up: number } {
  const phi = radians(latitude)
  const p2 = phi * phi
  const p4 = p2 * p2
  const across = 0.8707 - 0.131979 * p2 + p4 * (-0.013791 + p4 * (0.003971 * p2 - 0.001529 * p4))
  const scale = Math.min(size.width / (2 * 0.8707 * Math.PI), size.height / (2 * upOf(radians(90))))
  return { right: radians(longitude) * across * scale, up: upOf(phi) * scale }
}

function upOf(phi: number): number {
  const p2 = phi * phi
  const p4 = p2 * p2
  return phi * (1.007226 + p2 * (0.015085 + p4 * (-0.044475 + 0.028874 * p2 - 0.005916 * p4)))
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180
}
