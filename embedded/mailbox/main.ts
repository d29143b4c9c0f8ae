/** The mailbox as a process of its own, as `tend start` runs it. */
import { join } from 'node:path';
import { announceReady, exitWithParent } from '../../config/exit-with-parent.ts';
import { readSettings } from '../../config/settings.ts';
import { startMailbox } from './mailbox.ts';

const settings = readSettings();
const mailbox = await startMailbox({
  folder: join(settings.home, 'mailbox'),
  host: settings.host,
  smtpPort: settings.smtpPort,
  webPort: settings.mailboxPort,
});
exitWithParent(() => mailbox.stop());
console.log(`taking mail on port ${mailbox.smtpPort}, showing it on port ${mailbox.webPort}`);
announceReady();
