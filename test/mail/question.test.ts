import { describe, expect, it } from 'vitest';
import { templateSchema } from '../../domain/definition/template.ts';
import { TendError } from '../../domain/errors.ts';
import type { Question } from '../../domain/sequence/question.ts';
import { compileTemplate } from '../../mail/compile-template.ts';
import { composeLeadMail } from '../../mail/compose.ts';
import { SAMPLE_SENDER } from '../../mail/sample-mails.ts';
import { readToken } from '../../mail/tokens.ts';

const options = {
  from: 'Federkiel <hallo@federkiel.example>',
  publicUrl: 'https://tend.federkiel.example',
  signingSecret: 'a-signing-secret-for-tests',
};
const question: Question = {
  attribute: 'need',
  question: 'When do you need <it>?',
  choices: ['now', 'medium-term'],
};
const row = {
  id: '019aa000-0000-7000-8000-000000000001',
  messageIdHeader: '<019aa000@federkiel.example>',
  purpose: 'newsletter',
  exempt: false,
};
const FOOTER = '<a href="{{ unsubscribeUrl }}">Unsubscribe</a> {{ imprint }}';
const ASKED =
  '{{ question.text }} {% for choice in question.choices %}<a href="{{ choice.url }}">{{ choice.label }}</a> {% endfor %}<a href="{{ question.url }}">Answer</a>';

function template(text: string, top: object = { asks: true }, more: object = {}) {
  const mjml = `<mjml><mj-body><mj-section><mj-column><mj-text>${text} ${FOOTER}</mj-text></mj-column></mj-section></mj-body></mjml>`;
  return templateSchema.parse({
    key: 'ask',
    name: 'Ask',
    locales: { en: { subject: 'A question', mjml, ...more } },
    ...top,
  });
}

async function problemsOf(...of: Parameters<typeof template>): Promise<string[]> {
  try {
    await compileTemplate(template(...of));
    return [];
  } catch (error) {
    if (!(error instanceof TendError)) throw error;
    return error.fields.map(({ path, problem }) => `${path} ${problem}`);
  }
}

async function compose(asked: Question | null, ...of: Parameters<typeof template>) {
  const compiled = await compileTemplate(template(...of));
  const lead = { email: 'anna@example.org', locale: null, attributes: {}, tracking: true };
  return composeLeadMail({ compiled, message: { ...row, question: asked }, lead, sender: SAMPLE_SENDER }, options);
}

describe('a mail that asks', () => {
  it('puts the question in the words of the locale the mail is in', async () => {
    const wordings = { de: { question: 'Wann?', choices: { now: 'Jetzt' } }, en: { choices: { now: 'Right now' } } };
    const english = await compose({ ...question, wordings }, ASKED);
    expect(english.text).toMatch(/When do you need <it>\?[\s\S]*Right now[\s\S]*medium-term/);
    const compiled = await compileTemplate(template(ASKED));
    const message = { ...row, question: { ...question, wordings } };
    // There is no German content, so the question is not put in German into the English one.
    const lead = { email: 'anna@example.org', locale: 'de', attributes: {}, tracking: true };
    expect(composeLeadMail({ compiled, message, lead, sender: SAMPLE_SENDER }, options).text).toContain('Right now');
  });

  it('shows the question and a link for each choice, which lead straight to the page and record no click', async () => {
    const mail = await compose(question, ASKED);
    expect(mail.html).toContain('When do you need &lt;it&gt;?');
    const links = [...mail.html.matchAll(/href="(https:\/\/[^"]+\/a\/([\w-]+)(\?choice=\d)?)"/g)];
    expect(links.map(([, , , choice]) => choice)).toEqual(['?choice=1', '?choice=2', undefined]);
    for (const [, , token = ''] of links) {
      expect(readToken(options.signingSecret, 'answer', token)).toEqual({
        purpose: 'answer',
        messageId: row.id,
        attribute: 'need',
      });
    }
    expect(mail.html).not.toContain('/t/c/');
    expect(mail.text).toMatch(/medium-term\s\[https:\/\/tend\.federkiel\.example\/a\//);
  });

  it('asks on its page alone what has no choices', async () => {
    const mail = await compose({ ...question, choices: [] }, ASKED);
    expect(mail.html.match(/\/a\//g)).toHaveLength(1);
  });

  it('may ask in its subject, and has no markup there', async () => {
    expect((await compose(question, ASKED, { asks: true }, { subject: '{{ question.text }}' })).subject).toBe(
      'When do you need <it>?',
    );
  });

  it('is not sent by a step that asks nothing, nor is a question by a template that shows none', async () => {
    await expect(compose(null, ASKED)).rejects.toMatchObject({
      code: 'render-failed',
      detail: expect.stringContaining('kind: ask'),
    });
    await expect(compose(question, 'Hello', {})).rejects.toMatchObject({
      code: 'render-failed',
      detail: expect.stringContaining('"asks: true"'),
    });
    await expect(compose(null, 'Hello', {})).resolves.toMatchObject({ subject: 'A question' });
  });
});

describe('publishing a template that asks', () => {
  it('wants it to say so', async () => {
    expect(await problemsOf(ASKED, {})).toEqual([
      expect.stringMatching(/^locales\.en\.mjml names "question".*asks: true/),
    ]);
    expect(await problemsOf('{% if question %}?{% endif %}', {})).toHaveLength(1);
    expect(await problemsOf('Hello', {}, { subject: '{{ question.text }}' })).toEqual([
      expect.stringMatching(/^locales\.en\.subject names "question"/),
    ]);
    // A variable of its own is another thing.
    expect(await problemsOf('{% assign question = "?" %}{{ question }}', {})).toEqual([]);
  });

  it('wants the question shown, and a way to answer without choices, in both parts', async () => {
    expect(await problemsOf('Hello')).toEqual([
      expect.stringContaining('locales.en.mjml a template that asks must show the question'),
      expect.stringContaining('locales.en.mjml a question without choices'),
    ]);
    expect(
      await problemsOf(ASKED, { asks: true }, { text: '{{ question.text }} {{ unsubscribeUrl }} {{ imprint }}' }),
    ).toEqual([expect.stringContaining('locales.en.text a question without choices')]);
  });

  it('finds what a question does not have, before it stops a mail', async () => {
    expect(await problemsOf(`${ASKED} {{ question.label }}`)).toEqual([
      expect.stringContaining('"question.label" is nothing a question has'),
    ]);
    expect(await problemsOf(ASKED.replace('choice.label', 'choice.text'))).toEqual([
      expect.stringContaining('"choice.text" is nothing a question has'),
    ]);
  });
});
