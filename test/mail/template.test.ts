import { describe, expect, it } from 'vitest';
import { templateSchema } from '../../domain/definition/template.ts';
import { TendError } from '../../domain/errors.ts';
import type { Sender } from '../../domain/sender/sender.ts';
import { compileTemplate } from '../../mail/compile-template.ts';
import { composeLeadMail, composeRepMail } from '../../mail/compose.ts';
import { readToken } from '../../mail/tokens.ts';

const options = {
  from: 'Federkiel <hallo@federkiel.example>',
  publicUrl: 'https://tend.federkiel.example',
  signingSecret: 'a-signing-secret-for-tests',
};
const message = {
  id: '019aa000-0000-7000-8000-000000000001',
  messageIdHeader: '<019aa000@federkiel.example>',
  purpose: 'newsletter',
  exempt: false,
};
const sender: Sender = {
  key: 'default',
  name: 'The shop',
  from: 'Federkiel <hallo@federkiel.example>',
  replyTo: 'antwort@federkiel.example',
  imprint: { de: 'Federkiel GmbH\nBerlin', en: 'Federkiel <GmbH> & Co.\nBerlin, Germany' },
  links: { privacy: 'https://federkiel.example/privacy' },
  unknown: 'ask',
};

function template(mjml: string, more: object = {}, top: object = {}) {
  return templateSchema.parse({
    key: 'welcome',
    name: 'Welcome',
    locales: { en: { subject: 'Hello {{ firstName }}', mjml, ...more } },
    ...top,
  });
}

const body = (content: string) =>
  `<mjml><mj-body><mj-section><mj-column>${content}</mj-column></mj-section></mj-body></mjml>`;
const text = (content: string) => body(`<mj-text>${content}</mj-text>`);
const FOOTER = '<a href="{{ unsubscribeUrl }}">Unsubscribe</a> {{ imprint }}';

async function problemsOf(mjml: string, more: object = {}): Promise<string[]> {
  try {
    await compileTemplate(template(mjml, more));
    return [];
  } catch (error) {
    if (!(error instanceof TendError)) throw error;
    expect(error.code).toBe('definition-invalid');
    return error.fields.map(({ path, problem }) => `${path} ${problem}`);
  }
}

async function compose(mjml: string, attributes: Record<string, string>, more: object = {}) {
  const compiled = await compileTemplate(template(mjml, more));
  return composeLeadMail(
    { compiled, message, lead: { email: 'tanja@federkiel.example', locale: null, attributes, tracking: true }, sender },
    options,
  );
}

describe('publishing a template', () => {
  it('names the line of an MJML error', async () => {
    const mjml = `<mjml>\n<mj-body>\n<mj-sektion>\n</mj-sektion>\n<mj-section><mj-column><mj-text>${FOOTER}</mj-text></mj-column></mj-section></mj-body></mjml>`;
    expect(await problemsOf(mjml)).toEqual([expect.stringMatching(/^locales\.en\.mjml line 3, mj-sektion: /)]);
  });

  it('refuses what is no MJML', async () => {
    expect((await problemsOf(`<p>${FOOTER}</p>`))[0]).toMatch(/^locales\.en\.mjml line 1, p: /);
  });

  it('names the line of a Liquid error, in each field', async () => {
    const found = await problemsOf(text(`\n{% if firstName %}\n${FOOTER}`), {
      subject: 'Hello {{ firstName | shout }}',
      text: '{{ unsubscribeUrl }} {{ imprint }} {{',
    });
    expect(found).toEqual([
      expect.stringMatching(/^locales\.en\.subject line 1: undefined filter: shout/),
      expect.stringMatching(/^locales\.en\.mjml line 2: /),
      expect.stringMatching(/^locales\.en\.text line 1: /),
    ]);
  });

  it('refuses to read files, by MJML or by Liquid', async () => {
    expect(await problemsOf(body(`<mj-include path="/etc/passwd" /><mj-text>${FOOTER}</mj-text>`))).toEqual([
      expect.stringContaining('mj-include'),
    ]);
    expect(await problemsOf(text(`{% include "/etc/passwd" %}${FOOTER}`))).toEqual([
      expect.stringContaining('include'),
    ]);
    expect(await problemsOf(text(`{% render "/etc/passwd" %}${FOOTER}`))).toEqual([expect.stringContaining('render')]);
    expect(await problemsOf(text(`{% layout "/etc/passwd" %}${FOOTER}`))).toEqual([expect.stringContaining('layout')]);
  });

  it('wants an unsubscribe link and an imprint in a mail to leads, in each part, and none in one to representatives', async () => {
    expect(await problemsOf(text('Hello'))).toEqual([
      expect.stringMatching(/^locales\.en\.mjml .*unsubscribeUrl/),
      expect.stringMatching(/^locales\.en\.mjml .*imprint/),
    ]);
    expect(await problemsOf(text(FOOTER), { text: 'Hello' })).toEqual([
      expect.stringMatching(/^locales\.en\.text .*unsubscribeUrl/),
      expect.stringMatching(/^locales\.en\.text .*imprint/),
    ]);
    expect(await problemsOf(text('Hello <!-- {{ unsubscribeUrl }} {{ imprint }} -->'))).toHaveLength(2);
    await expect(compileTemplate(template(text('Hello'), {}, { recipient: 'rep' }))).resolves.toMatchObject({
      recipient: 'rep',
    });
  });

  it('loads no fonts from elsewhere', async () => {
    const mail = await compose(text(FOOTER), { firstName: 'Tanja' });
    expect(mail.html).not.toMatch(/fonts\.googleapis|@import|<link/);
  });

  it('wants the default locale', () => {
    const parsed = templateSchema.safeParse({
      key: 'a',
      name: 'A',
      defaultLocale: 'fr',
      locales: { en: { subject: 'a', mjml: 'b' } },
    });
    expect(parsed.error?.issues[0]?.message).toContain('has no "fr"');
  });

  it('takes the key as lineage', () => {
    expect(template(text(FOOTER)).lineage).toBe('welcome');
  });
});

describe('a mail to a lead', () => {
  it('greets by name, with what a person wrote about themselves kept out of the markup', async () => {
    const mail = await compose(text(`Hello {{ firstName }}! ${FOOTER}`), {
      firstName: '<script>alert(1)</script> & Söhne',
    });
    expect(mail.html).toContain('Hello &lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne!');
    expect(mail.subject).toBe('Hello <script>alert(1)</script> & Söhne');
    expect(mail.text).toContain('Hello <script>alert(1)</script> & Söhne!');
  });

  it('is not sent with an empty greeting: a missing variable is an error that names it and no value', async () => {
    for (const attributes of [{}, { firstName: '  ' }]) {
      await expect(
        compose(text(`${FOOTER} {{ lastName | default: "secret@example.org" }}`), attributes),
      ).rejects.toMatchObject({
        code: 'render-failed',
        detail: expect.stringContaining('"firstName"'),
      });
    }
    await expect(compose(text(`{{ nested.name }} ${FOOTER}`), { firstName: 'Tanja' })).rejects.toMatchObject({
      code: 'render-failed',
    });
  });

  it('may say what to do without a variable', async () => {
    const mail = await compose(text(`{{ city | default: "your town" }}{% if vip %}!{% endif %} ${FOOTER}`), {
      firstName: 'Tanja',
    });
    expect(mail.text).toContain('your town');
  });

  it('keeps line breaks out of the subject, where they would start another header', async () => {
    const mail = await compose(text(FOOTER), { firstName: 'Tanja\r\nBcc: everybody@example.org' });
    expect(mail.subject).toBe('Hello Tanja Bcc: everybody@example.org');
  });

  it('cannot be addressed elsewhere by a trait', async () => {
    const mail = await compose(text(`{{ email }} ${FOOTER}`), {
      firstName: 'Tanja',
      email: 'other@example.org',
      unsubscribeUrl: 'https://evil.example',
    });
    expect(mail.to).toBe('tanja@federkiel.example');
    expect(mail.text).toContain('tanja@federkiel.example');
    expect(mail.html).not.toContain('evil.example');
  });

  it('carries both headers of RFC 8058 and leads to the unsubscription of this very message', async () => {
    const mail = await compose(text(FOOTER), { firstName: 'Tanja' });
    const [, token = ''] =
      /^<https:\/\/tend\.federkiel\.example\/u\/([\w-]+)>$/.exec(mail.headers['List-Unsubscribe'] ?? '') ?? [];
    expect(readToken(options.signingSecret, 'unsubscribe', token)).toEqual({
      purpose: 'unsubscribe',
      messageId: message.id,
    });
    expect(mail.headers['List-Unsubscribe-Post']).toBe('List-Unsubscribe=One-Click');
    expect(mail.html).toContain(`href="https://tend.federkiel.example/u/${token}"`);
    expect(mail.text).toContain(`https://tend.federkiel.example/u/${token}`);
    expect(mail.envelope).toEqual({ from: 'hallo@federkiel.example', to: 'tanja@federkiel.example' });
    expect(mail.messageId).toBe('<019aa000@federkiel.example>');
  });

  it('tracks its web links, with the target signed, and leaves the others alone', async () => {
    const links = `<a href="https://federkiel.example/a?x=1&amp;y=2">a</a> <a class="b" href='http://federkiel.example/b'>b</a>
      <a href="mailto:hallo@federkiel.example">m</a> <a href="tel:+4930123">t</a> <a href="#top">f</a>
      <a data-tend-track="off" href="https://federkiel.example/imprint">i</a> ${FOOTER}`;
    const mail = await compose(text(links), { firstName: 'Tanja' });
    const tokens = [...mail.html.matchAll(/href="https:\/\/tend\.federkiel\.example\/t\/c\/([\w-]+)"/g)].map(
      ([, token = '']) => token,
    );
    expect(tokens.map((token) => readToken(options.signingSecret, 'click', token)?.url)).toEqual([
      'https://federkiel.example/a?x=1&y=2',
      'http://federkiel.example/b',
    ]);
    for (const href of [
      'mailto:hallo@federkiel.example',
      'tel:+4930123',
      '#top',
      'https://federkiel.example/imprint',
    ]) {
      expect(mail.html).toContain(`href="${href}"`);
    }
    expect(mail.text).toContain('https://federkiel.example/a?x=1&y=2');
    expect(mail.text).not.toContain('/t/c/');
  });

  it('tracks buttons too', async () => {
    const mail = await compose(
      body(`<mj-button href="https://federkiel.example/set">Set</mj-button><mj-text>${FOOTER}</mj-text>`),
      { firstName: 'Tanja' },
    );
    expect(mail.html).not.toContain('href="https://federkiel.example/set"');
    expect(mail.html).toContain('/t/c/');
  });

  it('ends with an open pixel that has an empty alternative text', async () => {
    const mail = await compose(text(FOOTER), { firstName: 'Tanja' });
    const [, token = ''] =
      /<img src="https:\/\/tend\.federkiel\.example\/t\/o\/([\w-]+)"[^>]* alt=""[^>]*>\s*<\/body>/.exec(mail.html) ??
      [];
    expect(readToken(options.signingSecret, 'open', token)).toEqual({ purpose: 'open', messageId: message.id });
  });

  it('shows the preview line in the list of mails only', async () => {
    const mail = await compose(text(FOOTER), { firstName: 'Tanja' }, { preview: 'For {{ firstName }} alone' });
    expect(mail.html).toContain('For Tanja alone');
    expect(mail.text).not.toContain('For Tanja alone');
  });

  it('is in the language of the lead, else in the default', async () => {
    const content = (subject: string) => ({ subject, mjml: text(FOOTER) });
    const compiled = await compileTemplate(
      templateSchema.parse({
        key: 'a',
        name: 'A',
        locales: { en: content('en'), de: content('de'), 'de-AT': content('at') },
      }),
    );
    const subjectFor = (locale: string | null) =>
      composeLeadMail(
        { compiled, message, lead: { email: 'a@example.org', locale, attributes: {}, tracking: true }, sender },
        options,
      ).subject;
    expect([null, 'de', 'de-CH', 'de_AT', 'fr', 'EN-us'].map(subjectFor)).toEqual(['en', 'de', 'de', 'at', 'en', 'en']);
  });
});

describe('a mail to a representative', () => {
  it('shows the lead and each point, and is not tracked', async () => {
    const mjml =
      body(`<mj-text>{{ rep.name }}: {{ lead.email | default: "?" }} {% for f in lead.profile %}{{ f.name }}={{ f.value }} {% endfor %}
      {% for p in points %}{{ p.points }} {{ p.rule }};{% endfor %} {{ accept.url }} <a href="https://example.org/">x</a></mj-text>`);
    const compiled = await compileTemplate(
      template(mjml, { subject: '{{ handoff.points }} of {{ handoff.threshold }}' }, { recipient: 'rep' }),
    );
    const mail = composeRepMail(
      {
        compiled,
        message,
        locale: null,
        facts: {
          rep: { key: 'petra', name: 'Petra', email: 'petra@federkiel.example' },
          handoff: {
            id: 'h1',
            offeredAt: '2026-11-21T10:00:00.000Z',
            acceptBy: null,
            points: 53,
            threshold: 50,
            cell: null,
            sequence: null,
            reason: null,
          },
          lead: {
            id: 'l1',
            email: 'tanja@federkiel.example',
            attributes: { interests: ['painting', 'ink'], firstName: 'Tanja' },
          },
          points: [
            { points: 20, rule: 'Looked up branches', interaction: 'Branch Searched', at: '2026-11-21T10:00:00.000Z' },
          ],
        },
      },
      options,
    );
    expect(mail).toMatchObject({ to: 'petra@federkiel.example', subject: '53 of 50' });
    expect(mail.text.replace(/\s+/g, ' ')).toContain(
      'Petra: tanja@federkiel.example interests=painting, ink firstName=Tanja 20 Looked up branches;',
    );
    expect(mail.text).toContain('https://tend.federkiel.example/api/handoffs/h1/accept');
    expect(mail.html).not.toContain('/t/');
    expect(mail.headers).not.toHaveProperty('List-Unsubscribe');
    await expect(async () =>
      composeLeadMail(
        { compiled, message, lead: { email: 'a@b.de', locale: null, attributes: {}, tracking: true }, sender },
        options,
      ),
    ).rejects.toMatchObject({
      code: 'render-failed',
    });
  });
});
