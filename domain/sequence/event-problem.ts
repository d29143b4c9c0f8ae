import type { Problem } from '../conditions/one-of.ts';
import { canNeverMatch, type EventMatch } from '../interaction/event-match.ts';
import { EMAIL_LINK_CLICKED, EMAIL_OPENED } from '../interaction/interaction.ts';

/** What Tend writes into the events that it records of mails. Those of websites carry what the website likes. */
const MAIL_PROPERTIES = ['message', 'template', 'sequence', 'step', 'url'];

/** Why nothing that ever happens can be what `match` means; null where something can. */
export function eventProblem(match: EventMatch): Problem | null {
  const never = canNeverMatch(match);
  if (never !== null) return { path: [], message: `can never match: ${never}` };
  const ofMail = match.kind === 'tend' && (match.event === EMAIL_OPENED || match.event === EMAIL_LINK_CLICKED);
  if (!ofMail) return null;
  const unknown = Object.keys(match.properties ?? {}).find((name) => !MAIL_PROPERTIES.includes(name));
  if (unknown === undefined) return null;
  const known = MAIL_PROPERTIES.filter((name) => name !== 'url' || match.event === EMAIL_LINK_CLICKED);
  const message = `"${match.event}" has no property "${unknown}": it has ${known.join(', ')}`;
  return { path: ['properties', unknown], message };
}
