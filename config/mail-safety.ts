import { isLoopback } from './loopback.ts';
import { type Settings, SettingsError } from './settings.ts';

/**
 * Refuses to send real mail with links that lead nowhere: through an SMTP server elsewhere while `PUBLIC_URL` is
 * this machine, whose unsubscribe link no recipient could follow (RFC 8058, and the law).
 *
 * @throws SettingsError
 */
export function assertMailIsSafe({
  smtpUrl,
  smtpServers = {},
  publicUrl,
}: Pick<Settings, 'smtpUrl' | 'publicUrl'> & Partial<Pick<Settings, 'smtpServers'>>): void {
  const servers = [
    ...(smtpUrl === undefined ? [] : [{ setting: 'SMTP_URL', url: smtpUrl }]),
    ...Object.values(smtpServers).map((url) => ({ setting: 'TEND_SMTP_SERVERS', url })),
  ];
  const away = servers.find(({ url }) => !isLoopback(new URL(url).hostname));
  if (away === undefined || !isLoopback(new URL(publicUrl).hostname)) return;
  throw new SettingsError([
    `${away.setting} sends through ${new URL(away.url).hostname}, but PUBLIC_URL (${publicUrl}) is this machine only, so the links ` +
      'in those mails, unsubscribe included, would lead nowhere; set PUBLIC_URL to an address the recipients reach, ' +
      `or unset ${away.setting}${away.setting === 'SMTP_URL' ? ' to use the local mailbox' : ''}`,
  ]);
}
