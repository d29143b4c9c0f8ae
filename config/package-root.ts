import { existsSync } from 'node:fs';
import path from 'node:path';

/** Absolute path of the package's own folder, whether the code runs from the sources or from `dist/`. */
export const packageRoot: string = (() => {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
})();
