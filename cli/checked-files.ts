import type { PlacedLink } from './check-links.ts';
import type { DefinitionFile } from './definition-files.ts';

/** What is wrong with files, each problem a line with its place; and what can only be seen where Tend runs. */
export interface CheckedFiles {
  readonly problems: readonly string[];
  /** What should be looked at, though nothing stands in the way. */
  readonly warnings: readonly string[];
  /** Where the links of templates lead. */
  readonly links: readonly PlacedLink[];
  readonly notes: readonly string[];
}

/** A file whose content is valid by itself, as it would be stored. */
export interface ValidFile {
  readonly file: DefinitionFile;
  readonly content: unknown;
}
