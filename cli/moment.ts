/** An instant of the API, to the minute, as the terminal shows it: `2026-11-25 02:00 UTC`. */
export function moment(iso: string): string {
  return iso.replace('T', ' ').replace(/:\d\d(\.\d+)?Z$/, ' UTC');
}
