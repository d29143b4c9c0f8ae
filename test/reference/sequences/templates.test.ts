import path from 'node:path';
import { expect, it } from 'vitest';
import { readDefinitionFiles } from '../../../cli/definition-files.ts';
import { packageRoot } from '../../../config/package-root.ts';
import { attributesSchema } from '../../../domain/attributes/definition-schema.ts';
import { type Template, templateSchema } from '../../../domain/definition/template.ts';
import type { Question } from '../../../domain/sequence/question.ts';
import { compileTemplate } from '../../../mail/compile-template.ts';
import { composeLeadMail } from '../../../mail/compose.ts';

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

async function shippedTemplates(): Promise<Template[]> {
  const files = await readDefinitionFiles([path.join(packageRoot, 'templates')]);
  return files.map(({ content }) => templateSchema.parse(content)).filter(({ recipient }) => recipient === 'lead');
}

it('every shipped mail can be written to somebody of whom nothing is known, in both languages, and says who it is from', async () => {
  const templates = await shippedTemplates();
  const asked = await questionOf('authority');
  expect(templates.length).toBeGreaterThan(15);
  for (const template of templates) {
    const compiled = await compileTemplate(template);
    const message = { ...row, question: template.asks === true ? asked : null };
    for (const [locale, imprint] of [
      ['en', 'Imprint'],
      ['de', 'Impressum'],
    ] as const) {
      const lead = { email: 'nobody@people.example', locale, attributes: {} };
      const { html, text, subject } = composeLeadMail({ compiled, message, lead }, options);
      const found = { key: template.key, html: html.includes(`>${imprint}<`), text: text.includes(imprint) };
      expect(found).toEqual({ key: template.key, html: true, text: true });
      expect(template.locales[locale]?.preview, template.key).toBeDefined();
      expect(subject, template.key).not.toMatch(/[{}]|, $/);
      expect(text, template.key).toContain('/u/');
    }
  }
});

it('the question is put in the reader’s language, with a large link for each answer', async () => {
  const template = (await shippedTemplates()).find(({ key }) => key === 'cloud-question');
  if (template === undefined) throw new Error('there is no cloud-question');
  const compiled = await compileTemplate(template);
  const asked = await questionOf('authority');
  const mail = (locale: string, question: Question = asked) =>
    composeLeadMail(
      { compiled, message: { ...row, question }, lead: { email: 'a@b.example', locale, attributes: {} } },
      options,
    ).text;
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
