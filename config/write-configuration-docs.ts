/** Writes docs/configuration.md: `node dist/config/write-configuration-docs.js`, from the checkout's root. */
import { writeFileSync } from 'node:fs';
import { configurationDocs } from './configuration-docs.ts';

writeFileSync('docs/configuration.md', configurationDocs());
