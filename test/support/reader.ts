import type { Instant } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead, plainTemplate, publish } from './company.ts';
import { confirmTemplate } from './consent.ts';

/** A person who got a mail, and holds its links. */
export interface Reader {
  readonly lead: string;
  readonly email: string;
  readonly message: string;
}

/** A lead who was sent a mail of `purpose`; unless told otherwise, it had agreed to get it. */
export async function sendTo(
  database: Database,
  options: {
    readonly now: Instant;
    readonly purpose?: string;
    readonly consent?: boolean;
    readonly promise?: { max: number; days: number };
    readonly email?: string;
  },
): Promise<Reader> {
  const { now, purpose = 'newsletter', consent = true, promise, email } = options;
  const lead = await addLead(database, {
    now,
    purpose: consent ? purpose : null,
    ...(promise === undefined ? {} : { promise }),
    ...(email === undefined ? {} : { email }),
  });
  const message = await addMail(database, { lead: lead.id, email: lead.email, purpose, now });
  return { lead: lead.id, email: lead.email, message };
}

/** One more mail that was sent to a lead, of no sequence. Returns its id. */
export async function addMail(
  database: Database,
  { lead, email, purpose, now }: { lead: string; email: string; purpose: string; now: Instant },
): Promise<string> {
  const id = newId();
  await database.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, address, channel, purpose, template_key, lineage, state, due_at,
                         claimed_at, finished_at, message_id_header, created_at)
    VALUES (${id}::uuid, 'lead', ${lead}::uuid, ${email}, 'email', ${purpose}, 'news', 'news', 'accepted', ${at(now)},
            ${at(now)}, ${at(now)}, ${`<${id}@shop.example>`}, ${at(now)})`);
  return id;
}

/** A company with a consent policy: two topics and what a contract needs, in two languages, and mails in both. */
export async function foundMailingCompany(database: Database, now: Instant): Promise<void> {
  const { locales, ...news } = plainTemplate('news');
  await publish(database, 'template', { ...news, locales: { ...locales, de: locales.en } }, now);
  await publish(database, 'template', confirmTemplate, now);
  await publish(
    database,
    'sender',
    {
      key: 'default',
      name: 'Federkiel shop',
      from: 'Federkiel <hello@federkiel.example>',
      imprint: { de: 'Federkiel GmbH\nTintengasse 3, 10115 Berlin' },
      links: { imprint: 'https://federkiel.example/imprint', privacy: 'https://federkiel.example/privacy' },
    },
    now,
  );
  await publish(
    database,
    'consent',
    {
      key: 'shop',
      name: 'Federkiel',
      purposes: [
        {
          key: 'newsletter',
          name: { de: 'Papier und Tinte', en: 'Paper and ink' },
          description: {
            de: 'Neues aus der Werkstatt, Angebote und Ideen für Füller und Pinsel.',
            en: 'News from the workshop, offers, and ideas for pens and brushes.',
          },
          promise: { max: 2, days: 7 },
        },
        {
          key: 'events',
          name: { de: 'Veranstaltungen & Kurse', en: 'Events & courses' },
          description: { de: 'Wann in Ihrer Nähe etwas los ist.', en: 'When something is on near you.' },
          promise: { max: 1, days: 14 },
        },
        { key: 'surveys', name: { de: 'Umfragen', en: 'Surveys' } },
        { key: 'invoices', name: { de: 'Rechnungen', en: 'Invoices' }, basis: 'contract' },
      ],
    },
    now,
  );
}
