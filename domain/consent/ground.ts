import type { MailBasis } from './policy.ts';

/**
 * Why a template can't go out on this ground; null: it can. Advertising needs consent and a way out of it (§ 7(2) UWG); mail
 * that needs no consent is none (Art. 6(1)(b) GDPR), and neither caps nor sales' silence hold it back. So each goes by its
 * own kind of template, and a purpose that is called a contract by mistake lets no marketing through.
 *
 * `service`: of the template. `which`: how the purpose is named to whoever reads it.
 */
export function groundProblem(service: boolean, basis: MailBasis, which: string): string | null {
  if (service && basis === 'consent')
    return `is a service mail without unsubscribe link, and ${which} needs consent: take a marketing template`;
  if (!service && basis === 'exempt')
    return `is a marketing mail, and ${which} needs no consent by the consent policy: take a template with service: true`;
  return null;
}
