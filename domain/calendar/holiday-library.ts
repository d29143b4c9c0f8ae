import { createRequire } from 'node:module';
import type Holidays from 'date-holidays';

let library: typeof Holidays | undefined;

/** The library of public holidays. It takes 90 ms and 25 MB, so a process that asks for no holiday does not load it. */
export function holidayLibrary(): typeof Holidays {
  library ??= createRequire(import.meta.url)('date-holidays') as typeof Holidays;
  return library;
}
