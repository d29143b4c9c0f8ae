import { describe, expect, it } from 'vitest';
import { templateSchema } from '../../domain/definition/template.ts';
import { compileTemplate } from '../../mail/compile-template.ts';
import { composeLeadMail } from '../../mail/compose.ts';
import { SAMPLE_SENDER } from '../../mail/sample-mails.ts';
import { readToken } from '../../mail/tokens.ts';

const options = { from: 'a@b.example', publicUrl: 'https://tend.example', signingSecret: 'tests only' };

async function mail(content: string, tracking: boolean, utm: object = { source: 'tend & co' }) {
  const footer = '<a href="{{ unsubscribeUrl }}">Out</a> <a href="{{ preferencesUrl }}">P</a> {{ imprint }}';
  const mjml = `<mjml><mj-body><mj-section><mj-column><mj-text>${content} ${footer}</mj-text></mj-column></mj-section></mj-body></mjml>`;
  const compiled = await compileTemplate(
    templateSchema.parse({ key: 'pens', name: 'Pens', utm, locales: { en: { subject: 'Pens', mjml } } }),
  );
  const message = { id: '019aa000-0000-7000-8000-000000000001', messageIdHeader: '<m@b>', purpose: 'x', exempt: false };
  const lead = { email: 'tanja@people.example', locale: null, attributes: {}, tracking };
  return composeLeadMail({ compiled, message, lead, sender: SAMPLE_SENDER }, options);
}

const linksIn = (html: string) =>
  [...html.matchAll(/href="([^"]*)"/g)].map(([, link = '']) => link.replaceAll('&amp;', '&'));

describe('UTM parameters', () => {
  it('are added to web links, and what a link says itself stands, with its fragment', async () => {
    const { html, text } = await mail(
      '<a href="https://shop.example/">a</a> <a href="https://shop.example/p?a=1&amp;utm_campaign=own#top">b</a>',
      false,
    );
    expect(linksIn(html).slice(0, 2)).toEqual([
      'https://shop.example/?utm_source=tend%20%26%20co&utm_medium=email&utm_campaign=pens',
      'https://shop.example/p?a=1&utm_campaign=own&utm_source=tend%20%26%20co&utm_medium=email#top',
    ]);
    expect(text).toContain('https://shop.example/?utm_source=tend%20%26%20co&utm_medium=email&utm_campaign=pens');
  });

  it('go through tracked links to where they lead', async () => {
    const { html } = await mail('<a href="https://shop.example/">a</a>', true);
    const [, token = ''] = /\/t\/c\/([\w-]+)/.exec(html) ?? [];
    expect(readToken(options.signingSecret, 'click', token)?.url).toBe(
      'https://shop.example/?utm_source=tend%20%26%20co&utm_medium=email&utm_campaign=pens',
    );
  });

  it('are on no link to Tend’s own pages, to a mailbox, or to the imprint', async () => {
    const { html, headers } = await mail(
      '<a href="mailto:a@b.example">m</a> <a data-tend-track="off" href="https://shop.example/imprint">i</a> <a href="#x">x</a>',
      true,
      { source: 's', medium: 'm', campaign: 'c', term: 't', content: 'k' },
    );
    expect(html).not.toContain('utm_');
    expect(headers['List-Unsubscribe']).not.toContain('utm_');
    expect(linksIn(html)).toContain('https://shop.example/imprint');
  });

  it('are not added where the template asks for none', async () => {
    const compiled = templateSchema.parse({ key: 'a', name: 'A', locales: { en: { subject: 'a', mjml: 'b' } } });
    expect(compiled).not.toHaveProperty('utm');
  });
});

describe('whoever did not agree to tracking', () => {
  it('gets plain links and no pixel', async () => {
    const { html } = await mail('<a href="https://shop.example/">a</a>', false, { source: 's' });
    expect(html).not.toContain('/t/');
    expect(html).toContain('href="https://shop.example/?utm_source=s&amp;utm_medium=email&amp;utm_campaign=pens"');
  });
});
