import { describe, expect, it } from 'vitest';
import { templateSchema } from '../../domain/definition/template.ts';
import { checkMail } from '../../mail/check-mail.ts';
import { compileTemplate } from '../../mail/compile-template.ts';
import { NOTHING_INCLUDED } from '../../mail/expand.ts';
import { SAMPLE_SENDER, type SampleReader } from '../../mail/sample-mails.ts';

const FOOTER = '<mj-text><a href="{{ unsubscribeUrl }}">Unsubscribe</a> {{ imprint }}</mj-text>';

async function check(
  content: string,
  more: object = {},
  { top = {}, readers = [] as readonly SampleReader[], sender = SAMPLE_SENDER } = {},
) {
  const mjml = `<mjml><mj-body><mj-section><mj-column>\n${content}\n${FOOTER}</mj-column></mj-section></mj-body></mjml>`;
  const en = { subject: 'Hello', preview: 'There', mjml, ...more };
  const template = templateSchema.parse({ key: 'welcome', name: 'Welcome', locales: { en }, ...top });
  const compiled = await compileTemplate(template);
  const { problems, warnings } = checkMail({ template, compiled, includes: NOTHING_INCLUDED, sender, readers });
  const line = ({ path, problem }: { path: string; problem: string }) => `${path} ${problem}`;
  return { problems: problems.map(line), warnings: warnings.map(line) };
}

const text = (content: string) => `<mj-text>${content}</mj-text>`;

describe('variables are strict at publishing', () => {
  it('names each one that is not known of everybody, with its place and the mend', async () => {
    const { problems } = await check(
      `${text('Hello')}\n${text('Dear {{ firstName }}, in {{ city | default: "town" }} {{ shop.name }}')}`,
      {
        subject: 'For {{ firstName }}',
      },
    );
    expect(problems).toEqual([
      expect.stringMatching(/^locales\.en\.subject line 1: "firstName" is not known of every reader.*default: "…"/),
      expect.stringMatching(/^locales\.en\.mjml line 3: "shop\.name" is not known of every reader/),
    ]);
  });

  it('finds what stands under a condition by readers of whom more is known, and quotes none of them', async () => {
    const content = text('{% if company %}{{ company }} in {{ town }}{% endif %}');
    expect((await check(content)).problems).toEqual([]);
    const reader = { locale: null, attributes: { company: 'Secret GmbH', phone: '030 1234' } };
    const { problems } = await check(content, {}, { readers: [reader] });
    expect(problems).toEqual([expect.stringContaining('"town" is not known of every reader')]);
    expect(problems.join()).not.toContain('Secret');
  });

  it('takes a default of the template, in one wording or by locale', async () => {
    const content = text('Hello {{ firstName }}');
    const top = { variables: { firstName: { default: 'there' } } };
    expect((await check(content, {}, { top })).problems).toEqual([]);
    const mjml = `<mjml><mj-body><mj-section><mj-column>${content}${FOOTER}</mj-column></mj-section></mj-body></mjml>`;
    const locales = Object.fromEntries(['en', 'de', 'fr'].map((locale) => [locale, { subject: 'Hello', mjml }]));
    const byLocale = { firstName: { default: { en: 'there', de: 'zusammen' } } };
    const compiled = await compileTemplate(templateSchema.parse({ key: 'a', name: 'A', locales, variables: byLocale }));
    expect(Object.entries(compiled.locales).map(([locale, { defaults }]) => [locale, defaults?.firstName])).toEqual([
      ['en', 'there'],
      ['de', 'zusammen'],
      ['fr', 'there'],
    ]);
  });

  it('asks of the sender what the template names of it', async () => {
    const content = text('<a href="{{ sender.privacyUrl }}">Privacy</a>');
    expect((await check(content)).problems).toEqual([
      expect.stringMatching(
        /"sender\.privacyUrl" is not known.*add it there, or ask for it, \{% if sender\.privacyUrl %\}/,
      ),
    ]);
    const sender = { ...SAMPLE_SENDER, links: { privacy: 'https://shop.example/privacy' } };
    expect((await check(content, {}, { sender })).problems).toEqual([]);
  });

  it('tries mails within the company too', async () => {
    const top = { recipient: 'rep' };
    const mjml = (content: string) =>
      `<mjml><mj-body><mj-section><mj-column>${text(content)}</mj-column></mj-section></mj-body></mjml>`;
    const problems = async (content: string) => (await check('', { mjml: mjml(content) }, { top })).problems;
    expect(await problems('{{ rep.name }} {{ lead.email | default: "?" }}')).toEqual([]);
    expect(await problems('{{ rep.nickname }}')).toEqual([
      expect.stringContaining('"rep.nickname" is not known of every reader'),
    ]);
    expect(await problems('{{ unsubscribeUrl }}')).toEqual([
      expect.stringContaining('only mails to leads have it, so take it out'),
    ]);
  });
});

it('a way out and an imprint that are not there for everybody are refused', async () => {
  const mjml = `<mjml><mj-body><mj-section><mj-column><mj-text>Hello {% if vip %}<a href="{{ unsubscribeUrl }}">Out</a> {{ imprint }}{% endif %}</mj-text></mj-column></mj-section></mj-body></mjml>`;
  const { problems } = await check('', { mjml });
  expect(problems).toEqual([
    expect.stringContaining('the unsubscribe link is not there for every reader (HTML part)'),
    expect.stringContaining('the imprint is not there for every reader (HTML part)'),
    expect.stringContaining('the unsubscribe link is not there for every reader (text part)'),
    expect.stringContaining('the imprint is not there for every reader (text part)'),
  ]);
});

describe('what should be looked at', () => {
  it('is nothing in a sound mail', async () => {
    const links =
      '<a href="https://shop.example/a?b=1&amp;c=2#d">a</a> <a href="mailto:a@b.example">m</a> <a href="#top">t</a>';
    const image = '<mj-image src="https://shop.example/a.png" alt="A pen" />';
    const words = 'Here are three pens to try, each on its own table in our shop, all through this month of May.';
    expect(await check(text(`${words} ${links}`) + image)).toMatchObject({ problems: [], warnings: [] });
  });

  it('is a mail so long that Gmail cuts it off', async () => {
    const { warnings } = await check(text('word '.repeat(25_000)));
    expect(warnings).toEqual([
      expect.stringMatching(/^locales\.en\.mjml the mail is 1\d\d KB of HTML, and Gmail cuts off/),
    ]);
  });

  it('is a link that leads nowhere, or where no reader can follow', async () => {
    const links = [
      '',
      '#',
      'shop.example/pens',
      'javascript:alert(1)',
      'ftp://shop.example/a',
      'http://localhost:3000/',
      'https://10.1.2.3/x',
      ' https://shop.example',
      'https://user@shop.example',
      'https://shop example',
    ];
    const { warnings } = await check(text(links.map((href) => `<a href="${href}">x</a>`).join(' ')));
    expect(warnings).toHaveLength(9);
    expect(warnings[0]).toContain('a link leads nowhere');
    expect(warnings.join('\n')).toContain('"http://localhost:3000/" leads to a machine');
    expect(warnings.join('\n')).toContain('"javascript:alert(1)" is no web address');
    expect(warnings.join('\n')).toContain('blanks around its address');
  });

  it('is a picture without a word, a mail of pictures, a missing preview, a long subject', async () => {
    const picture = `<mj-image src="https://shop.example/a.png" />${text('Words enough to read beside the picture, about pens, about ink, and about good paper.')}`;
    const { warnings } = await check(picture, {
      preview: undefined,
      subject: 'A subject that goes on and on, and on, until nobody can see the end of it any more',
    });
    expect(warnings).toEqual([
      expect.stringMatching(/^locales\.en has no preview/),
      expect.stringMatching(/^locales\.en\.mjml line 2: this picture has no alt/),
      expect.stringMatching(/^locales\.en\.subject is up to 82 characters/),
    ]);
    const alone = `<mjml><mj-body><mj-section><mj-column><mj-image src="https://shop.example/a.png" alt="" /><mj-text font-size="1px"><a href="{{ unsubscribeUrl }}">x</a>{{ imprint }}</mj-text></mj-column></mj-section></mj-body></mjml>`;
    expect((await check('', { mjml: alone })).warnings).toEqual([expect.stringContaining('is made of pictures')]);
  });
});
