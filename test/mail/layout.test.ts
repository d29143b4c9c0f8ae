import { describe, expect, it } from 'vitest';
import { layoutSchema, partialSchema } from '../../domain/definition/layout.ts';
import { templateSchema } from '../../domain/definition/template.ts';
import { TendError } from '../../domain/errors.ts';
import { layoutProblems, partialProblems } from '../../mail/check-include.ts';
import { compileTemplate } from '../../mail/compile-template.ts';
import { composeLeadMail } from '../../mail/compose.ts';
import type { Includes } from '../../mail/expand.ts';
import { SAMPLE_SENDER } from '../../mail/sample-mails.ts';

const options = { from: 'a@b.example', publicUrl: 'https://tend.example', signingSecret: 'tests only' };
const LAYOUT = `<mjml lang="{{ locale }}">
  <mj-head><mj-title>{% subject %}</mj-title></mj-head>
  <mj-body><mj-section><mj-column>
    {% content %}
    {% partial 'footer' %}
  </mj-column></mj-section></mj-body>
</mjml>`;
const FOOTER = `<mj-text>
  <a href="{{ unsubscribeUrl }}">{% word 'out' %}</a><br />
  {{ imprint }}
</mj-text>`;
const words = { out: { en: 'No more & bye', de: 'Schluss für {{ email }}' } };

function including(
  layout: object = {},
  partials: Readonly<Record<string, object>> = { footer: { mjml: FOOTER, words } },
): Includes {
  const plain = layoutSchema.parse({ key: 'plain', name: 'Plain', mjml: LAYOUT, ...layout });
  return {
    layouts: new Map([['plain', { definition: plain, version: 4 }]]),
    partials: new Map(
      Object.entries(partials).map(([key, partial]) => [
        key,
        { definition: partialSchema.parse({ key, name: key, ...partial }), version: 7 },
      ]),
    ),
  };
}

function template(content: object = {}, more: object = {}) {
  const en = { subject: 'Pens & {{ city | default: "ink" }}', mjml: '<mj-text>Hello</mj-text>', ...content };
  return templateSchema.parse({ key: 'pens', name: 'Pens', layout: 'plain', locales: { en, de: en }, ...more });
}

async function problemsOf(includes: Includes, content: object = {}, more: object = {}): Promise<string[]> {
  try {
    await compileTemplate(template(content, more), includes);
    return [];
  } catch (error) {
    if (!(error instanceof TendError)) throw error;
    // Both locales are the same here.
    return error.fields
      .filter(({ path }) => !path.startsWith('locales.de'))
      .map(({ path, problem }) => `${path} ${problem}`);
  }
}

async function mail(includes: Includes, locale: string, content: object = {}) {
  const compiled = await compileTemplate(template(content), includes);
  const message = { id: '019aa000-0000-7000-8000-000000000001', messageIdHeader: '<m@b>', purpose: 'x', exempt: false };
  const lead = { email: 'tanja@people.example', locale, attributes: { city: 'Köln <3' }, tracking: false };
  return composeLeadMail({ compiled, message, lead, sender: SAMPLE_SENDER }, options);
}

describe('a template in a layout', () => {
  it('is its contents, within the layout and its partials, in the words of the mail’s language', async () => {
    const german = await mail(including(), 'de');
    expect(german.html).toContain('lang="de"');
    expect(german.html).toContain('<title>Pens &amp; Köln &lt;3</title>');
    expect(german.html).toMatch(/>Hello<\/div>/);
    expect(german.html).toContain('>Schluss für tanja@people.example</a>');
    expect((await mail(including(), 'en')).html).toContain('>No more &amp; bye</a>');
    // A language that a word has not falls back to the template's own.
    expect(
      (await mail(including({}, { footer: { mjml: FOOTER, words: { out: { en: 'Bye' } } } }), 'de')).html,
    ).toContain('>Bye</a>');
  });

  it('notes the versions that it was made with', async () => {
    const { uses } = await compileTemplate(template(), including());
    expect(uses).toEqual([
      { kind: 'layout', key: 'plain', version: 4 },
      { kind: 'partial', key: 'footer', version: 7 },
    ]);
  });

  it('takes the layout’s frame and the partials’ texts for a text of its own', async () => {
    const footer = { mjml: FOOTER, text: '{% word "out" %}: {{ unsubscribeUrl }}\n{{ imprint }}', words };
    const includes = including({ text: '{% content %}\n--\n{% partial "footer" %}' }, { footer });
    const { text } = await mail(includes, 'en', { text: 'Hello {{ city }}' });
    expect(text).toMatch(
      /^Hello Köln <3\n--\nNo more & bye: https:\/\/tend\.example\/u\/\S+\nSample Ltd, 1 Sample Street/,
    );
    expect(await problemsOf(including({ text: '{% content %} {% partial "footer" %}' }), { text: 'Hello' })).toEqual([
      expect.stringContaining('locales.en.text layout "plain", line 1: the partial "footer" has no "text"'),
    ]);
    // Without a frame a text stands alone, and must say it all.
    expect(await problemsOf(including(), { text: 'Hello' })).toHaveLength(2);
  });

  it('may put partials into its contents, and conditions around them', async () => {
    const note = { mjml: '<mj-text>Only in {{ city }}</mj-text>' };
    const includes = including({}, { footer: { mjml: FOOTER, words }, note });
    const content = { mjml: "<mj-raw>{% if city %}</mj-raw>{% partial 'note' %}<mj-raw>{% endif %}</mj-raw>" };
    expect((await mail(includes, 'en', content)).text).toContain('Only in Köln <3');
  });
});

describe('what is wrong is named where it stands', () => {
  it('in the contents, in the layout or in a partial, each with its own line', async () => {
    expect(await problemsOf(including(), { mjml: '<mj-text>Hello</mj-text>\n<mj-txt>a</mj-txt>' })).toEqual([
      expect.stringMatching(/^locales\.en\.mjml line 2, mj-txt: /),
    ]);
    expect(
      await problemsOf(
        including({ mjml: LAYOUT.replace('<mj-section>', '<mj-sektion>').replace('</mj-section>', '</mj-sektion>') }),
      ),
    ).toEqual([expect.stringMatching(/^locales\.en\.mjml layout "plain", line 3, mj-sektion: /)]);
    const bad = { mjml: FOOTER.replace('</mj-text>', '</mj-text>\n<mj-foo>x</mj-foo>'), words };
    expect(await problemsOf(including({}, { footer: bad }))).toEqual([
      expect.stringMatching(/^locales\.en\.mjml partial "footer", line 5, mj-foo: /),
    ]);
  });

  it('in Liquid, which each must be by itself', async () => {
    const open = including({}, { footer: { mjml: `${FOOTER}\n{% if city %}`, words } });
    expect(await problemsOf(open)).toEqual([expect.stringMatching(/^locales\.en\.mjml partial "footer", line 5: /)]);
    expect(await problemsOf(including(), { mjml: '<mj-text>{{ city | shout }}</mj-text>' })).toEqual([
      expect.stringMatching(/^locales\.en\.mjml line 1: undefined filter: shout/),
    ]);
  });

  it('where something is not there, or stands in itself', async () => {
    expect(await problemsOf(including({}, {}))).toEqual([
      expect.stringMatching(/^locales\.en\.mjml layout "plain", line 5: there is no partial "footer"/),
    ]);
    const circle = including({}, { footer: { mjml: "{% partial 'a' %}" }, a: { mjml: "\n{% partial 'footer' %}" } });
    expect(await problemsOf(circle)).toEqual([
      expect.stringMatching(/^locales\.en\.mjml partial "a", line 2: .*footer → a → footer/),
    ]);
    expect(await problemsOf(including({}, { footer: { mjml: FOOTER } }))).toEqual([
      expect.stringMatching(/partial "footer", line 2: there is no word "out"/),
    ]);
    expect(await problemsOf(including(), {}, { layout: 'other' })).toEqual([
      expect.stringMatching(/^layout there is no layout "other"/),
    ]);
    expect(
      await problemsOf(including(), { mjml: '<mj-text>{% content %}{% word "out" %}{% partial footer %}</mj-text>' }),
    ).toEqual([
      expect.stringContaining('{% content %} belongs into a layout'),
      expect.stringContaining('words belong to layouts and partials'),
      expect.stringContaining("needs a name in quotes: {% partial 'name' %}"),
    ]);
  });

  it('where a whole document stands in a layout, or contents in none', async () => {
    expect(await problemsOf(including(), { mjml: '<mjml><mj-body></mj-body></mjml>' })).toEqual([
      expect.stringContaining('is a whole document, and the template has the layout "plain"'),
    ]);
    expect(await problemsOf(including(), {}, { layout: undefined })).toEqual([
      expect.stringContaining('is no whole document: name the layout'),
    ]);
  });
});

describe('a layout or partial by itself', () => {
  it('a layout needs one place for contents, and must be MJML', async () => {
    const { layouts, ...rest } = including();
    const layout = layouts.get('plain')?.definition;
    if (layout === undefined) throw new Error('no layout');
    const none = { ...rest, layouts: new Map() };
    expect(await layoutProblems(layout, none)).toEqual([]);
    expect(await layoutProblems({ ...layout, mjml: '<mjml></mjml>' }, none)).toMatchObject([
      { path: 'mjml', problem: expect.stringContaining('{% content %} once') },
    ]);
    expect(await layoutProblems({ ...layout, mjml: LAYOUT.replaceAll('mj-column', 'mj-spalte') }, none)).toMatchObject([
      { path: 'mjml', problem: expect.stringMatching(/^line 3, mj-spalte/) },
    ]);
  });

  it('a partial needs Liquid that is whole, and what it includes', () => {
    const { partials, ...rest } = including();
    const partial = (mjml: string) => partialSchema.parse({ key: 'footer', name: 'Footer', mjml });
    const check = (mjml: string) => partialProblems(partial(mjml), { ...rest, partials });
    expect(check('<mj-text>{{ imprint }}</mj-text>')).toEqual([]);
    expect(check('\n{% if a %}')).toMatchObject([{ path: 'mjml', problem: expect.stringMatching(/^line 2: /) }]);
    expect(check("\n{% partial 'footer' %}")).toMatchObject([{ problem: expect.stringContaining('footer → footer') }]);
    expect(check("\n{% word 'w' %}")).toMatchObject([
      { path: 'mjml', problem: expect.stringMatching(/^line 2: there is no word/) },
    ]);
  });
});
