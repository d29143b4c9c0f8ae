import path from 'node:path';
import { expect, it } from 'vitest';
import { readDefinitionFiles } from '../../../cli/definition-files.ts';
import { packageRoot } from '../../../config/package-root.ts';
import { attributesSchema } from '../../../domain/attributes/definition-schema.ts';
import type { Question } from '../../../domain/sequence/question.ts';
import { checkMail } from '../../../mail/check-mail.ts';
import { composeLeadMail } from '../../../mail/compose.ts';
import { shippedMail, shippedMails } from '../../support/shipped-mails.ts';

const options = { from: 'Shop <shop@shop.example>', publicUrl: 'https://tend.example', signingSecret: 'tests only' };
const row = { id: '019aa000-0000-7000-8000-000000000001', messageIdHeader: '<m@shop.example>' };

/** What `attributes/qualification.yaml` asks by this name. */
async function questionOf(name: string): Promise<Question> {
  const [file] = await readDefinitionFiles([path.join(packageRoot, 'sequences/attributes/qualification.yaml')]);
  const attribute = attributesSchema.parse(file?.content).attributes.find((each) => each.name === name);
  if (attribute?.question === undefined) throw new Error(`${name} is not asked for`);
  const { question, choices = [], wordings } = attribute;
  return { attribute: name, question, choices, wordings };
}

it('every shipped mail can be written to somebody of whom nothing is known, in both languages, and says who it is from', async () => {
  const mails = (await shippedMails('.')).filter(({ template }) => template.recipient === 'lead');
  const asked = await questionOf('authority');
  expect(mails.length).toBeGreaterThan(20);
  for (const { template, compiled, sender } of mails) {
    const service = template.service === true;
    const purpose = service ? { purpose: 'double-opt-in', exempt: true } : { purpose: 'newsletter', exempt: false };
    const message = { ...row, ...purpose, question: template.asks === true ? asked : null };
    for (const [locale, imprint, responsible] of [
      ['en', 'Imprint', 'Managing director'],
      ['de', 'Impressum', 'Geschäftsführer'],
    ] as const) {
      const lead = { email: 'nobody@people.example', locale, attributes: {}, tracking: true };
      const { html, text, subject } = composeLeadMail({ compiled, message, lead, sender }, options);
      const found = { key: template.key, html: html.includes(`>${imprint}<`), text: text.includes(imprint) };
      expect(found).toEqual({ key: template.key, html: true, text: true });
      expect(text, template.key).toContain(responsible);
      expect(html, template.key).toContain(`lang="${locale}"`);
      expect(template.locales[locale]?.preview, template.key).toBeDefined();
      expect(subject, template.key).not.toMatch(/[{}]|, $/);
      if (!service) expect(text, template.key).toContain('/u/');
    }
  }
});

it('no shipped mail has anything that the checks at publishing warn of', async () => {
  for (const mail of await shippedMails('.'))
    expect({ key: mail.template.key, ...checkMail(mail) }).toMatchObject({
      key: mail.template.key,
      problems: [],
      warnings: [],
    });
});

it('the question is put in the reader’s language, with a large link for each answer', async () => {
  const { compiled, sender } = await shippedMail('business', 'cloud-question');
  const asked = await questionOf('authority');
  const mail = (locale: string, question: Question = asked) => {
    const message = { ...row, purpose: 'newsletter', exempt: false, question };
    const lead = { email: 'a@b.example', locale, attributes: {}, tracking: true };
    return composeLeadMail({ compiled, message, lead, sender }, options).text;
  };
  expect(mail('de')).toMatch(/Wer entscheidet bei Ihnen darüber\?[\s\S]*Ich[\s\S]*choice=1[\s\S]*Jemand anderes/);
  expect(mail('en')).toMatch(/Who decides about this in your company\?[\s\S]*I do[\s\S]*Somebody else/);
  // Without choices there is one link, to the page on which the answer is written.
  expect(mail('de', await questionOf('position'))).toMatch(
    /Was machen Sie in Ihrem Unternehmen\?[\s\S]*Antwort schreiben/,
  );
  expect(mail('de')).not.toContain('Antwort schreiben');
  // One that nobody has translated is put as the attribute has it.
  expect(mail('de', { attribute: 'colour', question: 'Which colour?', choices: ['red'] })).toMatch(
    /Which colour\?[\s\S]*red/,
  );
});
