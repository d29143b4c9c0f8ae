import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Question } from '../../domain/sequence/question.ts';
import { answerUrl } from '../../mail/links.ts';
import { signToken } from '../../mail/tokens.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { sql } from '../../store/sql.ts';
import { createTestDatabase } from '../support/database.ts';
import { answer, fixedClock, type RunningApi, SIGNING_SECRET, startApi } from './running-api.ts';
import { assess, makeLead, pushShipped } from './tanja.ts';

let database: Database;
let api: RunningApi;
const clock = fixedClock('2026-11-25T12:00:00.000Z');
let lead: string;
let message: string;

const need: Question = {
  attribute: 'need',
  question: 'When do you expect to need a solution?',
  choices: ['now', 'medium-term', 'none'],
};
const branches: Question = { attribute: 'plannedSites', question: 'How many <sites> do you plan?', choices: [] };
const decides: Question = { attribute: 'decides', question: 'Do you decide?', choices: ['yes', 'no'] };

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  await pushShipped(api);
  const attributes = [
    { name: 'plannedSites', type: 'number', question: branches.question },
    { name: 'decides', type: 'boolean', question: decides.question },
  ];
  await api.api('PUT', 'attributes/more', { name: 'More', attributes });
  expect((await api.api('POST', 'attributes/more/publish')).status).toBe(200);
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

const worded: Question = {
  ...need,
  wordings: { de: { question: 'Wann brauchen Sie es?', choices: { now: 'Jetzt', none: 'Gar <nicht>' } } },
};

let count = 0;
/** A lead who was sent a mail that asks `question`. */
async function asked(question: Question | null): Promise<void> {
  count += 1;
  const email = `asked${count}@example.org`;
  lead = await makeLead(api, database, clock, email);
  const { body } = await api.api('POST', `leads/${lead}/enrolments`, { sequence: 'stationery-newsletter' });
  message = newId();
  const now = new Date(clock.now());
  await database.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, address, channel, purpose, enrolment_id, step_id, visit, template_key, lineage, state, due_at,
                         claimed_at, finished_at, message_id_header, question, created_at)
    VALUES (${message}::uuid, 'lead', ${lead}::uuid, ${email}, 'email', 'newsletter', ${body.id}::uuid, 'ask', 1, 'newsletter', 'newsletter.need',
            'accepted', ${now}, ${now}, ${now}, ${`<${message}@test>`}, ${question === null ? null : JSON.stringify(question)}::jsonb, ${now})`);
}

/** The address in the mail, on this test's server. */
const link = (attribute = 'need', choice?: number) =>
  answerUrl({ publicUrl: '', signingSecret: SIGNING_SECRET }, message, attribute, choice);
const open = async (path: string, init: RequestInit = {}) => answer(await fetch(`${api.url}${path}`, init));
const send = (path: string, said: string | null, init: RequestInit = {}) =>
  open(path, { method: 'POST', body: new URLSearchParams(said === null ? {} : { answer: said }), ...init });
const said = () =>
  database.query<{ name: string; value: unknown; source: string; at: number }>(sql`
    SELECT name, value, source, at FROM attribute WHERE lead_id = ${lead}::uuid AND source = 'form' ORDER BY id`);
/** Everything that could have changed about the lead. */
const everything = async () =>
  JSON.stringify(
    await database.query<object>(sql`
      SELECT (SELECT to_jsonb(lead) FROM lead WHERE id = ${lead}::uuid) AS lead,
             (SELECT jsonb_agg(to_jsonb(message) ORDER BY id) FROM message WHERE lead_id = ${lead}::uuid) AS messages,
             (SELECT jsonb_agg(to_jsonb(attribute) ORDER BY id) FROM attribute WHERE lead_id = ${lead}::uuid) AS attributes,
             (SELECT jsonb_agg(to_jsonb(interaction) ORDER BY id) FROM interaction WHERE lead_id = ${lead}::uuid) AS interactions,
             (SELECT count(*) FROM audit) AS audit`),
  );
const german = { headers: { 'Accept-Language': 'de-DE,de;q=0.9,en;q=0.5' } };

describe('the page with a mail’s question', () => {
  it('shows the question with its choices, the one clicked in the mail chosen, and changes nothing', async () => {
    await asked(need);
    const before = await everything();
    for (const method of ['GET', 'HEAD']) {
      for (const path of [link(), link('need', 2)]) expect((await open(path, { method })).status).toBe(200);
    }
    const { body, headers } = await open(link('need', 2));
    expect(body).toContain('<html lang="en">');
    expect(body).toContain('<h1 id="title">When do you expect to need a solution?</h1>');
    expect(
      [...body.matchAll(/type="radio" name="answer" value="([^"]*)" required( checked)?/g)].map(
        ([, ...found]) => found,
      ),
    ).toEqual([
      ['now', undefined],
      ['medium-term', ' checked'],
      ['none', undefined],
    ]);
    expect(body).toContain('<div class="choices" role="radiogroup" aria-labelledby="title">');
    expect(body).toContain('Nothing is recorded until you press the button.');
    expect([headers.get('cache-control'), headers.get('referrer-policy'), headers.get('set-cookie')]).toEqual([
      'no-store',
      'no-referrer',
      null,
    ]);
    expect(headers.get('content-security-policy')).toContain("form-action 'self'");
    expect(await everything()).toBe(before);
  });

  it('has nothing chosen without a choice in the link, or with one that there is not', async () => {
    await asked(need);
    for (const query of ['', '?choice=0', '?choice=4', '?choice=-1', '?choice=now', '?choice=1&choice=2'])
      expect((await open(link() + query)).body).not.toContain(' checked>');
  });

  it('speaks German to those whose browser does, yes and no too; choices are the marketer’s own words', async () => {
    await asked(decides);
    const { body } = await open(link('decides'), german);
    expect(body).toContain('<html lang="de">');
    expect(body).toContain('<button>Antwort senden</button>');
    expect(body).toMatch(/value="yes" required><span>Ja<\/span>.*value="no" required><span>Nein<\/span>/);
    await asked(need);
    expect((await open(link(), german)).body).toContain('<span>medium-term</span>');
  });

  it('puts question and choices in the reader’s language where the attribute has words for it', async () => {
    await asked(worded);
    const { body } = await open(link('need', 1), german);
    expect(body).toContain('<h1 id="title">Wann brauchen Sie es?</h1>');
    expect(body).toContain('value="now" required checked><span>Jetzt</span>');
    expect(body).toContain('value="none" required><span>Gar &#60;nicht&#62;</span>');
    expect(body).toContain('<span>medium-term</span>');
    expect((await open(link())).body).toContain('When do you expect to need a solution?');
    expect((await send(link(), 'now', german)).body).toContain('<strong>Jetzt</strong>');
    expect(await said()).toMatchObject([{ name: 'need', value: 'now' }]);
  });

  it('keeps what people wrote out of its markup', async () => {
    await asked({
      attribute: 'need',
      question: 'A <b>"bold"</b> & \'brave\' question?',
      choices: ['"><script>', '&amp;'],
    });
    const { body } = await open(link());
    expect(body).not.toMatch(/<b>|<script>|&amp;/);
    expect(body).toContain('A &#60;b&#62;&#34;bold&#34;&#60;/b&#62; &#38; &#39;brave&#39; question?');
    expect(body).toContain('value="&#34;&#62;&#60;script&#62;"');
  });
});

describe('answering', () => {
  it('is recorded at once, as the person’s own words: statement, interaction, audit, a look at the plan', async () => {
    await asked(need);
    const [before] = await database.query<{ rev: number }>(
      sql`SELECT attention_rev AS rev FROM lead WHERE id = ${lead}::uuid`,
    );
    const { status, body, headers } = await send(link('need', 1), 'medium-term', german);
    expect([status, headers.get('set-cookie')]).toEqual([200, null]);
    expect(body).toContain('Vielen Dank');
    expect(body).toContain('<strong>medium-term</strong>');
    expect(body).toContain('<a href="?choice=2">Eine andere Antwort geben</a>');
    expect(await said()).toEqual([{ name: 'need', value: 'medium-term', source: 'form', at: clock.now() }]);
    const interactions = await database.query<object>(sql`
      SELECT name, kind, properties FROM interaction WHERE lead_id = ${lead}::uuid AND source = 'tend'`);
    expect(interactions).toEqual([
      { name: 'Attributes Recorded', kind: 'tend', properties: { source: 'form', 'attribute.need': 'medium-term' } },
    ]);
    const audits = await database.query<object>(sql`
      SELECT actor_kind AS kind, actor, action FROM audit WHERE subject_id = ${lead} AND action = 'attributes.recorded'`);
    expect(audits).toEqual([{ kind: 'person', actor: 'recipient', action: 'attributes.recorded' }]);
    const [after] = await database.query<{ rev: number }>(
      sql`SELECT attention_rev AS rev FROM lead WHERE id = ${lead}::uuid`,
    );
    expect(after?.rev).toBeGreaterThan(before?.rev ?? 0);
    await assess(database, clock);
    const { body: found } = await api.api('GET', `leads/${lead}`);
    expect(found.attributes.find(({ name }: { name: string }) => name === 'need')).toMatchObject({
      value: 'medium-term',
      source: 'form',
      confidence: 1,
    });
  });

  it('again with another answer counts the later one; the same one again, or many times at once, is one', async () => {
    await asked(need);
    const answers = await Promise.all(Array.from({ length: 6 }, () => send(link(), 'now')));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    await send(link(), 'none');
    await send(link(), 'now');
    expect((await said()).map(({ value }) => value)).toEqual(['now', 'none', 'now']);
    const { body } = await api.api('GET', `leads/${lead}`);
    expect(body.attributes.find(({ name }: { name: string }) => name === 'need')).toMatchObject({ value: 'now' });
  });

  it('a day later says it anew: answers grow old', async () => {
    await asked(need);
    await send(link(), 'now');
    const earlier = clock.now();
    clock.set(earlier + 86_400_000);
    await send(link(), 'now');
    clock.set(earlier);
    expect(await said()).toHaveLength(2);
  });

  it('is said by a test lead on its own clock, which a marketer set ahead', async () => {
    await asked(need);
    await database.query(sql`UPDATE lead SET test = true, clock_offset_ms = 86400000 WHERE id = ${lead}::uuid`);
    await send(link(), 'now');
    expect(await said()).toMatchObject([{ value: 'now', at: clock.now() + 86_400_000 }]);
  });

  it('takes a text where there are no choices, as its type has it, and asks again where it does not fit', async () => {
    await asked(branches);
    const page = (await open(link('plannedSites'))).body;
    expect(page).toContain('How many &#60;sites&#62; do you plan?');
    expect(page).toContain('<input class="text" name="answer" maxlength="2000" required aria-label="Your answer">');
    const wrong = await send(link('plannedSites'), 'a "few"');
    expect(wrong.status).toBe(400);
    expect(wrong.body).toContain('role="alert" id="problem">This answer could not be read.');
    expect(wrong.body).toContain('value="a &#34;few&#34;"');
    expect((await send(link('plannedSites'), 'x'.repeat(2_001))).status).toBe(400);
    expect((await send(link('plannedSites'), '  ')).status).toBe(400);
    expect(await said()).toEqual([]);
    expect((await send(link('plannedSites'), ' 12 ')).body).toContain('<strong>12</strong>');
    expect(await said()).toMatchObject([{ name: 'plannedSites', value: 12 }]);
  });

  it('yes is true', async () => {
    await asked(decides);
    expect((await send(link('decides'), 'yes', german)).body).toContain('<strong>Ja</strong>');
    await send(link('decides'), 'yes');
    expect(await said()).toMatchObject([{ name: 'decides', value: true }]);
  });

  it('needs one of the answers that were offered', async () => {
    await asked(need);
    for (const wrong of [null, '', 'soon', 'NOW']) {
      const { status, body } = await send(link(), wrong);
      expect(status).toBe(400);
      expect(body).toContain('role="alert"');
    }
    expect((await open(link(), { method: 'POST', body: '{"answer":"now"}' })).status).toBe(400);
    expect((await send(link(), 'x'.repeat(20_000))).status).toBe(413);
    expect((await open(link(), { method: 'PUT' })).status).toBe(405);
    expect(await said()).toEqual([]);
  });

  it('gets the page for bad links with a token that is forged, foreign, for another purpose or question', async () => {
    await asked(need);
    const [, token = ''] = /\/a\/([\w-]+)/.exec(link()) ?? [];
    const forged = Buffer.from(token, 'base64url');
    forged.write('authority', 18);
    const bad = [
      'x',
      forged.toString('base64url'),
      signToken('another secret', { purpose: 'answer', messageId: message, attribute: 'need' }),
      signToken(SIGNING_SECRET, { purpose: 'unsubscribe', messageId: message }),
      signToken(SIGNING_SECRET, { purpose: 'click', messageId: message, url: 'https://need.example' }),
      signToken(SIGNING_SECRET, { purpose: 'answer', messageId: message, attribute: 'budget' }),
      signToken(SIGNING_SECRET, { purpose: 'answer', messageId: newId(), attribute: 'need' }),
    ];
    await asked(null);
    bad.push(signToken(SIGNING_SECRET, { purpose: 'answer', messageId: message, attribute: 'need' }));
    for (const each of bad) {
      for (const found of [await open(`/a/${each}`), await send(`/a/${each}`, 'now')]) {
        expect(found.status).toBe(403);
        expect(found.body).toContain('This link does not work');
      }
    }
    const answers = await database.query<object>(
      sql`SELECT 1 FROM attribute WHERE source = 'form' AND name = 'budget'`,
    );
    expect(answers).toEqual([]);
    expect(await said()).toEqual([]);
  });

  it('counts for the lead that the mail’s lead was merged into', async () => {
    await asked(need);
    const [loser, mail] = [lead, message];
    await asked(null);
    await database.query(sql`UPDATE lead SET merged_into = ${lead}::uuid WHERE id = ${loser}::uuid`);
    message = mail;
    expect((await send(link(), 'none')).status).toBe(200);
    expect(await said()).toMatchObject([{ name: 'need', value: 'none' }]);
  });

  it('is not recorded of a lead that was erased', async () => {
    await asked(need);
    await database.query(sql`UPDATE lead SET erased_at = ${new Date(clock.now())} WHERE id = ${lead}::uuid`);
    expect((await open(link())).status).toBe(403);
    expect((await send(link(), 'now')).status).toBe(403);
    expect(await said()).toEqual([]);
    // Nor of one that was merged into one that was.
    const erased = lead;
    await asked(need);
    await database.query(sql`UPDATE lead SET merged_into = ${erased}::uuid WHERE id = ${lead}::uuid`);
    expect((await send(link(), 'now')).status).toBe(403);
    expect(await said()).toEqual([]);
  });
});
