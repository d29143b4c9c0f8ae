import { afterAll, beforeAll, expect, it } from 'vitest';
import { DAY, HOUR } from '../../domain/instant.ts';
import { verpAddress } from '../../mail/inbound/verp.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { testClock } from '../support/driver.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';
import { complaint, deliveryReport, reply } from '../support/returned-mail.ts';
import { comeBack, foundShop, MONDAY, mailOf, processAll, RETURN_PATH, type SentMail } from '../support/returning.ts';

const HISTORIES = 60 * SCALE;

const said = {
  gone: { status: '5.1.1', said: '550 5.1.1 User unknown' },
  full: { status: '5.2.2', said: '552 5.2.2 Mailbox full' },
  blocked: { status: '5.7.1', said: '550 5.7.1 blocked using Spamhaus' },
  grey: { status: '4.7.1', said: '450 4.7.1 Greylisted, try again later' },
} as const;
const kinds = ['gone', 'full', 'blocked', 'grey', 'complaint', 'reply', 'other-reply', 'absent', 'strange'] as const;
/** `proven`: to the signed return path. `weak`: names the Message-ID only. `forged`: signed by somebody else, and names nothing. */
const proofs = ['proven', 'proven', 'weak', 'forged'] as const;

interface Happening {
  readonly mail: SentMail;
  readonly kind: (typeof kinds)[number];
  readonly proof: (typeof proofs)[number];
  readonly at: number;
}

/** What ought to be true of a person after all that came back, worked out from the rules and not from the code. */
function oughtToBe(history: readonly Happening[]) {
  const heard = history.filter(({ proof }) => proof !== 'forged');
  const bounced = new Map<string, Happening>();
  const provenGone = heard.some(({ kind, proof }) => kind === 'gone' && proof === 'proven');
  for (const happening of heard)
    if (Object.hasOwn(said, happening.kind) && !bounced.has(happening.mail.id))
      bounced.set(happening.mail.id, happening);
  const first = [...bounced.values()];
  // The reports that were the first of their mail: two that say it is gone, a day apart.
  const weaklyGone = first.filter(({ kind }) => kind === 'gone');
  const twice = weaklyGone.some((one) =>
    weaklyGone.some((other) => other.mail.id !== one.mail.id && other.at - one.at >= DAY),
  );
  const forLong = (of: (typeof kinds)[number]) => {
    const times = first.filter(({ kind }) => kind === of).map((happening) => happening.at);
    return times.length >= 3 && Math.max(...times) - Math.min(...times) >= 30 * DAY;
  };
  const abandoned = forLong('full') || forLong('grey');
  const complained = heard.some(({ kind }) => kind === 'complaint');
  return {
    gone: provenGone || twice || abandoned,
    complained,
    bounces: first.filter(({ kind }) => kind === 'gone' || kind === 'full').length,
    replies: heard.filter(({ kind }) => kind === 'reply').length,
    forwards: heard.filter(({ kind }) => kind === 'reply' || kind === 'other-reply').length,
  };
}

let database: Database;
const clock = testClock(MONDAY);
beforeAll(async () => {
  database = await createTestDatabase();
  await foundShop(database);
});
afterAll(() => database.close());

/** A mail that was sent, and taken. */
async function taken(lead: { id: string; email: string }): Promise<SentMail> {
  const id = newId();
  const now = at(clock.now());
  await database.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, channel, purpose, template_key, lineage, state, due_at, claimed_at, finished_at, attempts,
                         message_id_header, sender_key, address, created_at)
    VALUES (${id}::uuid, 'lead', ${lead.id}::uuid, 'email', 'newsletter', 'a', 'a', 'accepted', ${now}, ${now}, ${now}, 1,
            ${`<${id}@shop.example>`}, 'default', ${lead.email}, ${now})`);
  return mailOf(database, lead, id);
}

async function comesBack({ mail, kind, proof }: Happening): Promise<void> {
  const { header, lead, id } = mail;
  const original = proof === 'forged' ? '<nothing@elsewhere.example>' : header;
  const address = {
    proven: mail.returnPath,
    weak: 'shop@shop.example',
    forged: verpAddress('guessed', id, RETURN_PATH),
  }[proof];
  const to = { to: [address] };
  switch (kind) {
    case 'gone':
    case 'full':
    case 'blocked':
    case 'grey':
      await comeBack(
        database,
        clock,
        deliveryReport({ to: address, original, recipient: lead.email, ...said[kind] }),
        to,
      );
      return;
    case 'complaint':
      await comeBack(database, clock, complaint(original, { mailFrom: address }), {
        ...to,
        from: 'fbl@provider.example',
      });
      return;
    case 'reply':
    case 'other-reply':
    case 'absent': {
      const from = kind === 'other-reply' ? 'boss@people.example' : lead.email;
      const headers = kind === 'absent' ? ['Auto-Submitted: auto-replied'] : [];
      await comeBack(database, clock, reply(original, { from, to: address, headers }), { ...to, from });
      return;
    }
    case 'strange':
      await comeBack(
        database,
        clock,
        `Subject: \0${header}\r\nContent-Type: multipart/report; boundary=\r\n\r\n--\r\n`,
        to,
      );
  }
}

async function is(leadId: string, email: string) {
  const [row] = await database.query<ReturnType<typeof oughtToBe>>(sql`
    SELECT EXISTS (SELECT FROM suppression WHERE address_hash = ${database.keyedHash(email)} AND reason = 'mailbox-unknown') AS gone,
           EXISTS (SELECT FROM consent WHERE lead_id = ${leadId}::uuid AND purpose = 'all' AND action = 'withdrawn')
             AND EXISTS (SELECT FROM suppression WHERE address_hash = ${database.keyedHash(email)} AND reason = 'complaint') AS complained,
           (SELECT count(*) FROM interaction WHERE lead_id = ${leadId}::uuid AND name = 'Email Bounced') AS bounces,
           (SELECT count(*) FROM interaction WHERE lead_id = ${leadId}::uuid AND name = 'Email Replied') AS replies,
           (SELECT count(*) FROM message WHERE lead_id = ${leadId}::uuid AND recipient_kind = 'colleague') AS forwards`);
  return row;
}

it(`whatever comes back, in whatever order and however often, has just the consequences that the rules name (seed ${SEED})`, async () => {
  const random = randomFrom(SEED);
  let gone = 0;
  for (let number = 0; number < HISTORIES; number += 1) {
    clock.set(MONDAY);
    const lead = await addLead(database, { now: clock.now() });
    const history: Happening[] = [];
    const mails: SentMail[] = [];
    for (let step = 0; step < 10; step += 1) {
      // Not a day, or a day, or two weeks: what is asked of bounces is asked around these.
      clock.set(clock.now() + random.pick([HOUR, DAY, 4 * DAY, 14 * DAY]));
      if (mails.length === 0 || (mails.length < 4 && random.below(2) === 0)) mails.push(await taken(lead));
      const happening = {
        mail: random.pick(mails),
        kind: random.pick(kinds),
        proof: random.pick(proofs),
        at: clock.now(),
      };
      history.push(happening);
      await comesBack(happening);
      // A reply is a new thing each time it is written; a report is not.
      if (random.below(3) === 0 && !happening.kind.includes('reply')) await comesBack(happening);
    }
    await processAll(database, clock);
    const told = history.map(
      ({ mail, kind, proof, at: when }) => `${kind} ${proof} of ${mails.indexOf(mail)} at ${(when - MONDAY) / HOUR} h`,
    );
    // A mail that arrived between two that found the mailbox full is not in the oracle: then it only may be given up less often.
    const ought = oughtToBe(history);
    const found = await is(lead.id, lead.email);
    expect({ told, ...found }).toEqual({
      told,
      ...ought,
      gone: found?.gone === false && onlyAbandoned(history) ? false : ought.gone,
    });
    if (found?.gone) gone += 1;
  }
  // The histories are not all the same.
  expect(gone).toBeGreaterThan(HISTORIES / 10);
  expect(gone).toBeLessThan(HISTORIES);
}, 300_000);

/** The address would be given up for nothing but a mailbox that was full, or out of reach, for long. */
function onlyAbandoned(history: readonly Happening[]): boolean {
  return !oughtToBe(history.filter(({ kind }) => kind !== 'full' && kind !== 'grey')).gone;
}
