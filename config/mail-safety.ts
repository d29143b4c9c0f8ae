import { isLoopback } from './loopback.ts';
import { type Settings, SettingsError } from './settings.ts';

/**
 * Refuses to send real mail with links that lead nowhere: through an SMTP server elsewhere while `PUBLIC_URL` is
 * this machine, whose unsubscribe link no recipient could follow (RFC 8058, and the law).
 *
 * @throws SettingsError
 */
export function assertMailIsSafe(settings: Pick<Settings, 'smtpUrl' | 'publicUrl'>): void {
  if (settings.smtpUrl === undefined) return;
  const server = new URL(settings.smtpUrl).hostname;
  if (isLoopback(server) || !isLoopback(new URL(settings.publicUrl).hostname)) return;
  throw new SettingsError([
    `SMTP_URL sends through ${server}, but PUBLIC_URL (${settings.publicUrl}) is this machine only, so the links ` +
      'in those mails, unsubscribe included, would lead nowhere; set PUBLIC_URL to an address the recipients reach, ' +
      'or unset SMTP_URL to use the local mailbox',
  ]);
}
