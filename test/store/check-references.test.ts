import { afterAll, beforeAll, expect, it } from 'vitest';
import { TendError } from '../../domain/errors.ts';
import type { Database } from '../../store/database.ts';
import { foundCompany, plainTemplate, publish } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold: 20,
  rules: [{ id: 'branch', on: { event: 'Branch Searched' }, points: 20 }],
};
const mjml =
  '<mjml><mj-body><mj-section><mj-column><mj-text>{{ question.text }} <a href="{{ question.url }}">Answer</a> <a href="{{ unsubscribeUrl }}">Unsubscribe</a> {{ imprint }}</mj-text></mj-column></mj-section></mj-body></mjml>';

let database: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  await foundCompany(database, { now: NOW, model, sequences: [], templates: ['hello'] });
  const asking = { key: 'asking', name: 'Asking', asks: true, locales: { en: { subject: 'A question', mjml } } };
  await publish(database, 'template', asking, NOW);
  await publish(database, 'template', { ...plainTemplate('invoice'), service: true }, NOW);
  await publish(database, 'template', plainTemplate('offer', 'rep'), NOW);
  await publish(database, 'template', plainTemplate('notice', 'colleague'), NOW);
});
afterAll(() => database.close());

async function problemsOf(steps: readonly object[], more: object = {}): Promise<string[]> {
  const content = {
    key: 's',
    name: 'S',
    purpose: 'newsletter',
    steps: [...steps, { id: 'stop', kind: 'end' }],
    ...more,
  };
  try {
    await publish(database, 'sequence', content, NOW);
    return [];
  } catch (error) {
    if (!(error instanceof TendError)) throw error;
    return error.fields.map(({ path, problem }) => `${path} ${problem}`);
  }
}

const send = (template: string) => ({ id: 'mail', kind: 'send', template });
const ask = (template: string, key = 'shop') => ({ id: 'question', kind: 'ask', template, model: key });
const notify = (rep: string, template: string) => ({ id: 'tell', kind: 'notify', rep, template });
const ofScore = { score: 'cloud', band: [1] };

it.each<[string, readonly object[], object, string[]]>([
  [
    'a template that is missing',
    [send('gone')],
    {},
    ['steps.0.template step "mail" needs the template "gone", which is not published: publish it first'],
  ],
  [
    'a template for somebody else',
    [send('offer')],
    {},
    ['steps.0.template step "mail" needs the template "offer", which is for representatives: take one for leads'],
  ],
  [
    'a notice to a lead',
    [notify('rita', 'hello')],
    {},
    ['steps.0.template step "tell" needs the template "hello", which is for leads: take one for colleagues'],
  ],
  [
    'a service mail under a purpose that needs consent',
    [send('invoice')],
    {},
    [
      'steps.0.template step "mail" needs the template "invoice", which is a service mail without unsubscribe link, and the purpose of this sequence needs consent: take a marketing template',
    ],
  ],
  [
    'a question that no step asks',
    [send('asking')],
    {},
    ['steps.0.template step "mail" needs the template "asking", which asks a question: send it with an ask step'],
  ],
  [
    'a step that asks nothing',
    [ask('hello')],
    {},
    ['steps.0.template step "question" needs the template "hello", which asks nothing: take one with asks: true'],
  ],
  [
    'a model that is missing',
    [ask('asking', 'cloud')],
    {},
    ['steps.0.model step "question" needs the scoring model "cloud", which is not published: publish it first'],
  ],
  [
    'a colleague who is not there',
    [notify('nobody', 'notice')],
    {},
    [
      'steps.0.rep step "tell" needs the representative "nobody", who is not among the active representatives: add them first',
    ],
  ],
  [
    'an endpoint that is missing',
    [{ id: 'crm', kind: 'webhook', endpoint: 'crm' }],
    {},
    [
      'steps.0.endpoint step "crm" needs the webhook endpoint "crm", which does not exist: make it first (PUT /api/webhook-endpoints/<key>)',
    ],
  ],
  [
    'a sequence that is missing',
    [{ id: 'on', kind: 'enrol', sequence: 'other' }],
    {},
    ['steps.0.sequence step "on" needs the sequence "other", which does not exist: store it first'],
  ],
  [
    'a content of a stream that is missing',
    [{ id: 'letter', kind: 'send', stream: 'letters' }],
    { streams: [{ id: 'letters', tracks: [{ id: 'all', contents: ['hello', 'gone'] }] }] },
    ['streams.0.tracks.0.contents.1 names the template "gone", which is not published: publish it first'],
  ],
  [
    'a condition on a model that is missing',
    [send('hello')],
    { entry: [{ when: ofScore }] },
    [' a condition asks for the scoring model "cloud", which is not published: publish it first'],
  ],
  ['nothing, where all is there', [send('hello'), ask('asking'), notify('rita', 'notice')], {}, []],
])('publishing refuses %s', async (_what, steps, more, expected) => {
  expect(await problemsOf(steps, more)).toEqual(expected);
});
