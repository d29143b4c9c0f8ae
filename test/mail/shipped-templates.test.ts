import { describe, expect, it } from 'vitest';
import { composeColleagueMail, composeLeadMail, composeReplyMail, composeRepMail } from '../../mail/compose.ts';
import { readToken } from '../../mail/tokens.ts';
import type { ColleagueMailFacts, ReplyMailFacts, RepMailFacts } from '../../mail/variables.ts';
import { shippedMail } from '../support/shipped-mails.ts';

const options = { from: 'Shop <shop@shop.example>', publicUrl: 'https://tend.example', signingSecret: 'tests only' };
const message = { id: 'm', messageIdHeader: '<m@shop.example>' };

const shipped = async (key: string) => (await shippedMail('team', key)).compiled;

const squeeze = (text: string) => text.replace(/\s+/g, ' ');

const offered: RepMailFacts = {
  rep: { key: 'rita', name: 'Rita', email: 'rita@sales.example' },
  handoff: {
    id: 'h1',
    offeredAt: '2026-06-09T08:00:00.000Z',
    acceptBy: null,
    points: 53,
    threshold: 50,
    cell: null,
    sequence: null,
    reason: null,
  },
  lead: { id: 'l1', email: 'tanja@people.example', attributes: { firstName: 'Tanja' } },
  points: [{ points: 53, rule: 'Looked up branches', interaction: 'Branch Searched', at: '2026-06-09T08:00:00.000Z' }],
};
const byStep: RepMailFacts = {
  ...offered,
  handoff: { ...offered.handoff, points: 0, threshold: null, sequence: 'White papers', reason: 'Asked for <a call>' },
  points: [],
};

describe('the shipped mail to a representative', () => {
  it('says why a step offers the lead, and has no line for what is not given', async () => {
    const compiled = await shipped('handoff');
    const mailOf = (facts: RepMailFacts, locale: string) =>
      composeRepMail({ compiled, message, locale, facts }, options);
    const scored = mailOf(offered, 'en');
    expect(scored.subject).toBe('A lead is ready for you: 53 points');
    expect(squeeze(scored.text)).toContain(
      'Hello Rita, this lead has 53 points and so reached the threshold of 50. Marketing writes nothing more until you report how it went. What we know',
    );
    expect(scored.text).toContain('Where the points come from');
    const handed = mailOf(byStep, 'en');
    expect(handed.subject).toBe('A lead is ready for you, from "White papers"');
    expect(squeeze(handed.text)).toContain(
      'Hello Rita, the sequence “White papers” hands you this lead, who has 0 points. Marketing writes nothing more until you report how it went. Why now: Asked for <a call> What we know',
    );
    expect(handed.html).toContain('Asked for &lt;a call&gt;');
    expect(handed.text).not.toContain('Where the points come from');
    expect(handed.text).not.toMatch(/\n{4,}/);
  });

  it('says it in German', async () => {
    const compiled = await shipped('handoff');
    const handed = composeRepMail({ compiled, message, locale: 'de', facts: byStep }, options);
    expect(handed.subject).toBe('Ein Lead ist bereit für Sie, aus „White papers“');
    expect(squeeze(handed.text)).toContain('Warum jetzt: Asked for <a call> Was wir wissen');
    const scored = composeRepMail({ compiled, message, locale: 'de', facts: offered }, options);
    expect(scored.text).not.toContain('Warum jetzt');
    expect(squeeze(scored.text)).toContain('Guten Tag Rita, dieser Lead hat 53 Punkte und damit die Schwelle von 50');
  });
});

describe('the shipped mail to a colleague', () => {
  const facts: ColleagueMailFacts = {
    colleague: { key: 'petra', name: 'Petra', email: 'petra@sales.example' },
    lead: { id: 'l1', email: null, attributes: { company: 'Modehaus & Söhne', note: null }, stage: 'lead' },
    sequence: { key: 'papers', name: 'White papers' },
    step: 'tell-petra',
    standings: [
      { model: 'Cloud', points: 12.5, cell: 'B3' },
      { model: 'Shop', points: 3, cell: null },
    ],
  };

  it('tells of the lead in both languages, tracked nowhere and with no unsubscribe link', async () => {
    const compiled = await shipped('colleague-notice');
    for (const [locale, sequence, score] of [
      ['en', 'the sequence “White papers” has come to its step “tell-petra”', 'B3 Cloud 12.5 points – Shop 3 points'],
      ['de', 'die Sequenz „White papers“ ist mit diesem Lead', 'B3 Cloud 12,5 Punkte – Shop 3 Punkte'],
    ] as const) {
      const mail = composeColleagueMail({ compiled, message, locale, facts }, options);
      expect(mail.to).toBe('petra@sales.example');
      expect(squeeze(mail.text)).toContain(sequence);
      expect(squeeze(mail.text)).toContain(score);
      expect(mail.text).toContain('Modehaus & Söhne');
      expect(mail.text).toContain('https://tend.example/api/leads/l1/why');
      expect(mail.html).not.toContain('https://tend.example/t/');
      expect(mail.headers).toEqual({ 'Auto-Submitted': 'auto-generated' });
    }
  });

  it('has no heading over an empty list', async () => {
    const compiled = await shipped('colleague-notice');
    const mail = composeColleagueMail({ compiled, message, locale: null, facts: { ...facts, standings: [] } }, options);
    expect(mail.text).not.toContain('Where the lead stands');
  });

  it('is not made of a template for others', async () => {
    const compiled = await shipped('handoff');
    expect(() => composeColleagueMail({ compiled, message, locale: null, facts }, options)).toThrow(
      'recipient: colleague',
    );
  });
});

describe('the shipped mail that forwards an answer', () => {
  const facts: ReplyMailFacts = {
    colleague: { name: 'Petra', email: 'petra@sales.example' },
    reply: {
      from: 'tanja@people.example',
      subject: 'Re: Pens & <ink>',
      text: 'Yes, please!\nCall me <b>tomorrow</b>.',
      at: '2026-06-09T08:00:00.000Z',
    },
    lead: { id: 'l1', email: 'tanja@people.example', attributes: { firstName: 'Tanja' }, stage: 'lead' },
  };

  it('shows what was written as text, and whoever answers it writes to the lead', async () => {
    const compiled = await shipped('reply-forward');
    const mail = composeReplyMail({ compiled, message, locale: 'en', facts }, options);
    expect(mail).toMatchObject({ to: 'petra@sales.example', replyTo: 'tanja@people.example' });
    expect(mail.subject).toBe('A lead has answered: Re: Pens & <ink>');
    expect(mail.html).toContain('Yes, please!<br />Call me &lt;b&gt;tomorrow&lt;/b&gt;.');
    expect(mail.text).toContain('Yes, please!\nCall me <b>tomorrow</b>.');
    expect(mail.headers).toEqual({ 'Auto-Submitted': 'auto-generated' });
  });

  it('goes to a mailbox without a name, of a lead of whom nothing is known', async () => {
    const compiled = await shipped('reply-forward');
    const unknown = {
      ...facts,
      colleague: { name: null, email: 'hallo@shop.example' },
      lead: { ...facts.lead, email: null, attributes: {} },
    };
    const mail = composeReplyMail({ compiled, message, locale: 'de', facts: unknown }, options);
    expect(squeeze(mail.text)).toContain('tanja@people.example hat am 2026-06-09 08:00 UTC');
  });
});

describe('the shipped mails about consent', () => {
  const row = { id: '019aa000-0000-7000-8000-000000000001', messageIdHeader: '<m@shop.example>' };
  const lead = { email: 'tanja@people.example', locale: 'de', attributes: {}, tracking: true };

  it('asks whether it was you, without advertising, tracking or a way out of what has not begun', async () => {
    const { compiled, sender } = await shippedMail('stationery', 'confirm-subscription');
    const asked = { ...row, purpose: 'double-opt-in', exempt: true };
    const mail = composeLeadMail({ compiled, message: asked, lead, sender }, options);
    const [, token = ''] = /href="https:\/\/tend\.example\/c\/([\w-]+)"/.exec(mail.html) ?? [];
    expect(readToken(options.signingSecret, 'confirm', token)).toMatchObject({ messageId: row.id });
    expect(mail.headers).toEqual({});
    expect(mail.html).not.toMatch(/tend\.example\/[tu]\//);
    expect(squeeze(mail.text)).toContain('Geschäftsführerin: Martina Sommer');
    // Nothing leads anywhere but to the confirmation, and to who is responsible.
    const links = [...mail.html.matchAll(/href="([^"]+)"/g)].map(([, link = '']) => link.replace(/\/c\/.*/, '/c/'));
    expect(new Set(links)).toEqual(
      new Set(['https://tend.example/c/', 'https://federkiel.example/imprint', 'https://federkiel.example/privacy']),
    );
  });

  it('is sent under no purpose that needs consent, and no marketing mail asks for a confirmation', async () => {
    const confirm = await shippedMail('stationery', 'confirm-subscription');
    const news = await shippedMail('stationery', 'newsletter');
    const send = ({ compiled, sender }: typeof confirm, purpose: string, exempt: boolean) =>
      composeLeadMail({ compiled, message: { ...row, purpose, exempt }, lead, sender }, options);
    expect(() => send(confirm, 'newsletter', false)).toThrow('take a marketing template');
    expect(() => send(news, 'double-opt-in', true)).toThrow('service: true');
  });

  it('asks whether a consent still holds, with a way out', async () => {
    const { compiled, sender } = await shippedMail('stationery', 'consent-renewal');
    const message = { ...row, purpose: 'newsletter', exempt: false };
    const mail = composeLeadMail({ compiled, message, lead: { ...lead, locale: 'en' }, sender }, options);
    expect(squeeze(mail.text)).toContain('Hello there, it is quite a while');
    expect(mail.html).toMatch(/href="https:\/\/tend\.example\/r\/[\w-]+"/);
    expect(mail.headers).toHaveProperty('List-Unsubscribe');
  });
});
