/** A name as it is compared: `Österreich`, `OESTERREICH` and `osterreich` are one, so are `Côte d'Ivoire` and `Cote d’Ivoire`. */
export function foldedName(name: string): string {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .replace(/([aou])e/g, '$1')
    .trim();
}
