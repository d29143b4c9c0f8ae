import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDefinitionFiles } from '../../cli/definition-files.ts';
import { packageRoot } from '../../config/package-root.ts';
import { templateSchema } from '../../domain/definition/template.ts';
import { type CompiledTemplate, compileTemplate } from '../../mail/compile-template.ts';
import { composeColleagueMail, composeRepMail } from '../../mail/compose.ts';
import type { ColleagueMailFacts, RepMailFacts } from '../../mail/variables.ts';

const options = { from: 'Shop <shop@shop.example>', publicUrl: 'https://tend.example', signingSecret: 'tests only' };
const message = { id: 'm', messageIdHeader: '<m@shop.example>' };

async function shipped(file: string): Promise<CompiledTemplate> {
  const [found] = await readDefinitionFiles([path.join(packageRoot, 'templates', file)]);
  const { kind: _kind, ...content } = (found?.content ?? {}) as Record<string, unknown>;
  return compileTemplate(templateSchema.parse(content));
}

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
    const compiled = await shipped('handoff.yaml');
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
    const compiled = await shipped('handoff.yaml');
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
    const compiled = await shipped('colleague-notice.yaml');
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
    const compiled = await shipped('colleague-notice.yaml');
    const mail = composeColleagueMail({ compiled, message, locale: null, facts: { ...facts, standings: [] } }, options);
    expect(mail.text).not.toContain('Where the lead stands');
  });

  it('is not made of a template for others', async () => {
    const compiled = await shipped('handoff.yaml');
    expect(() => composeColleagueMail({ compiled, message, locale: null, facts }, options)).toThrow(
      'recipient: colleague',
    );
  });
});
