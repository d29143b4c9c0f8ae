import { attributesSchema } from '../../domain/attributes/definition-schema.ts';
import { templateSchema } from '../../domain/definition/template.ts';
import { HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import { pacingSchema } from '../../domain/pacing/policy-schema.ts';
import { scoringModelSchema } from '../../domain/scoring/model.ts';
import { sequenceSchema } from '../../domain/sequence/definition.ts';
import type { Happening } from '../../domain/simulation/happening.ts';
import { worldOf } from '../../domain/simulation/world.ts';
import { plainTemplate } from '../support/company.ts';
import type { randomFrom } from '../support/property.ts';

type Random = ReturnType<typeof randomFrom>;
type Plain = { readonly key: string; readonly [field: string]: unknown };

/** A random company: what it publishes, as it writes it. */
export interface Company {
  readonly sequences: readonly Plain[];
  readonly models: readonly Plain[];
  readonly attributes: Plain;
  readonly templates: readonly Plain[];
  readonly pacing: Plain | null;
}

export const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Pacific/Apia',
  'Australia/Lord_Howe',
  'UTC',
];
const EVENTS = ['A', 'B', 'C', 'D'];
const TEMPLATES = ['t1', 't2', 't3', 't4', 't5', 't6'];
const ONCE = ['t4', 't5', 't6'];
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

const asked =
  '{{ question.text }} {% for choice in question.choices %}<a href="{{ choice.url }}">{{ choice.label }}</a> {% endfor %}<a href="{{ question.url }}">Answer</a>';
const questionTemplate: Plain = {
  key: 'question',
  name: 'Question',
  asks: true,
  locales: {
    en: {
      subject: 'A question',
      mjml: `<mjml><mj-body><mj-section><mj-column><mj-text>${asked} <a href="{{ unsubscribeUrl }}">Unsubscribe</a> {{ imprint }}</mj-text></mj-column></mj-section></mj-body></mjml>`,
    },
  },
};

export function randomCompany(random: Random): Company {
  const keys = ['s1', 's2', 's3', 's4'].slice(0, 2 + random.below(3));
  return {
    sequences: keys.map((key) => until(() => randomSequence(random, key, keys), sequenceSchema)),
    models: [
      until(() => randomModel(random, 'm'), scoringModelSchema),
      ...(random.below(2) === 0 ? [until(() => randomModel(random, 'n'), scoringModelSchema)] : []),
    ],
    attributes: {
      key: 'all',
      name: 'All',
      attributes: [
        { name: 'size', of: 'lead', type: 'number', question: 'How many?', role: 'budget' },
        { name: 'need', of: 'lead', type: 'choice', choices: ['now', 'later'], question: 'When?', role: 'need' },
        { name: 'birthday', of: 'lead', type: 'date' },
        { name: 'country', of: 'lead', type: 'text', validFor: { days: 9 } },
      ],
    },
    templates: [
      ...TEMPLATES.map((key) => plainTemplate(key, 'lead', !ONCE.includes(key))),
      questionTemplate,
      plainTemplate('handoff', 'rep'),
    ],
    pacing: random.below(6) === 0 ? null : until(() => randomPacing(random), pacingSchema),
  };
}

/** The same company where leads are simulated. */
export function asWorld({ sequences, models, attributes, templates, pacing }: Company) {
  return worldOf({
    sequences: sequences.map((one) => sequenceSchema.parse(one)),
    models: models.map((one) => scoringModelSchema.parse(one)),
    attributes: [attributesSchema.parse(attributes)],
    templates: templates.map((one) => templateSchema.parse(one)),
    ...(pacing !== null && { pacing: pacingSchema.parse(pacing) }),
  });
}

/** Draws until one is accepted: what hangs together badly is refused as a marketer's would be. */
function until(draw: () => Plain, schema: { safeParse(input: unknown): { success: boolean } }): Plain {
  for (let tries = 0; tries < 500; tries += 1) {
    const drawn = draw();
    if (schema.safeParse(drawn).success) return drawn;
  }
  throw new Error('no draw was accepted');
}

function randomModel(random: Random, key: string): Plain {
  const grid = random.below(2) === 0;
  const fading = [{}, { halfLife: { days: 3 } }, { validFor: { days: 4 } }];
  return {
    key,
    name: key,
    timeZone: random.pick(ZONES),
    rules: [
      ...EVENTS.map((event) => ({
        id: event.toLowerCase(),
        on: { event },
        points: 2 + random.below(14),
        ...random.pick(fading),
        ...(random.below(3) === 0 && { limit: { per: random.pick(['lead', 'day']) } }),
      })),
      { id: 'click', on: { kind: 'tend', event: 'Email Link Clicked' }, points: 5, limit: { per: 'message' } },
      ...(random.below(2) === 0 ? [{ id: 'silent', silence: { after: { days: 2 }, times: 2 }, points: -3 }] : []),
    ],
    ...(grid
      ? {
          bands: { 1: 30, 2: 15, 3: 5 },
          profile: {
            criteria: [
              { id: 'large', when: { lead: 'size', atLeast: 50 }, points: 5 },
              { id: 'now', when: { lead: 'need', is: 'now' }, points: 5 },
            ],
            grades: { A: 10, B: 5, C: 1 },
          },
          mql: ['A1', 'A2', 'B1'],
        }
      : { threshold: 35 }),
  };
}

function randomPacing(random: Random): Plain {
  const maybe = (share: number) => random.below(share) === 0;
  const hour = (from: number, span: number) =>
    `${String(from + random.below(span)).padStart(2, '0')}:${random.pick(['00', '30'])}`;
  return {
    key: 'default',
    name: 'Default',
    timeZone: random.pick(ZONES),
    ...(maybe(2) && { country: random.pick(['DE', 'US', 'AU']) }),
    ...(maybe(2) && { caps: [{ max: 1 + random.below(3), days: 1 + random.below(5) }] }),
    spacing: random.pick(['none', { hours: 5 }, { hours: 20 }, { days: 2 }]),
    ...(maybe(2) && {
      windows: [
        { from: hour(7, 4), to: hour(15, 6), ...(maybe(2) && { weekdays: ['mon', 'tue', 'wed', 'thu', 'fri'] }) },
      ],
    }),
    ...(maybe(3) && { quiet: { from: hour(19, 4), to: hour(5, 3) } }),
    weekends: random.pick(['send', 'send', 'wait']),
    holidays: random.pick(['send', 'wait']),
  };
}

function randomSequence(random: Random, key: string, keys: readonly string[]): Plain {
  const count = 3 + random.below(8);
  const ids = Array.from({ length: count }, (_, index) => `${key}-${index}`);
  const steps: { id: string; kind: string; [field: string]: unknown }[] = [];
  // Few of them, so that several sequences want to write at once.
  const enters = random.pick(EVENTS.slice(0, 2));
  for (const [index, id] of ids.entries()) {
    const next = ids[index + 1] ?? 'end';
    const later = () => random.pick([...ids.slice(index + 1), 'end']);
    const waits = steps.filter(({ kind }) => kind === 'wait').map((step) => step.id);
    const drawn = randomStep({ random, next, later, waits, sent: steps, others: keys.filter((one) => one !== key) });
    // What brought the lead in must not end a step that waits for the like of it.
    const again = { kind: 'waitFor', event: { event: enters }, timeout: { hours: 30 } };
    steps.push({ id, ...(index === 0 && random.below(4) === 0 ? again : drawn) });
  }
  const maybe = (share: number) => random.below(share) === 0;
  return {
    key,
    name: key,
    purpose: random.pick(['newsletter', 'newsletter', 'offers']),
    stages: random.pick([['lead'], ['lead', 'customer'], ['lead', 'customer'], ['lead', 'customer'], ['customer']]),
    ...(maybe(6) && { audience: condition(random) }),
    entry: maybe(4) ? [{ when: condition(random) }] : [{ event: enters }, signal(random)],
    reentry: random.pick(['never', 'after-end', { after: { hours: 30 } }]),
    ...(maybe(8) && { goal: [signal(random)] }),
    ...(maybe(8) && { exits: [signal(random)] }),
    priority: random.below(101),
    ...(maybe(3) && { expiry: { days: 3 + random.below(12) } }),
    streams: [
      {
        id: 'stream',
        tracks: [
          { id: 'cold', contents: ['t4', 't1'].slice(0, 1 + random.below(2)) },
          { id: 'warm', when: condition(random), contents: ['t5', 't6'] },
        ],
      },
    ],
    steps,
  };
}

function condition(random: Random): object {
  return random.pick<() => object>([
    () => ({ lead: 'size', atLeast: 50 }),
    () => ({ lead: 'need', is: 'now' }),
    () => ({ lead: 'tag.seen', is: true }),
    () => ({ lead: 'country', exists: true }),
    () => ({ score: 'm', points: { atLeast: 5 + random.below(20) } }),
    () => ({ score: 'm', points: { below: 5 + random.below(20) } }),
    () => ({ event: { event: random.pick(EVENTS) }, times: { atLeast: 2 }, within: { days: 3 } }),
    () => ({ not: { lead: 'need', is: 'later' } }),
    () => ({ all: [{ stage: ['lead'] }, { lead: 'size', below: 80 }] }),
  ])();
}

function signal(random: Random): object {
  return random.pick<() => object>([
    () => ({ event: random.pick(EVENTS) }),
    () => ({ event: random.pick(EVENTS), properties: { n: { atLeast: 2 } } }),
    () => ({ event: random.pick(EVENTS), properties: { n: 1 } }),
    () => ({ kind: 'tend', event: 'Email Link Clicked' }),
    () => ({ when: condition(random) }),
  ])();
}

interface Drawing {
  readonly random: Random;
  readonly next: string;
  readonly later: () => string;
  readonly waits: readonly string[];
  readonly sent: readonly { readonly id: string; readonly kind: string }[];
  readonly others: readonly string[];
}

function randomStep({ random, next, later, waits, sent, others }: Drawing): { kind: string; [field: string]: unknown } {
  const maybe = (share: number) => random.below(share) === 0;
  const deadline = maybe(2) ? { deadline: { hours: 10 + random.below(90) } } : {};
  const time = `${String(random.below(24)).padStart(2, '0')}:${random.pick(['00', '30'])}`;
  const mails = sent.filter(({ kind }) => kind === 'send').map(({ id }) => id);
  const timeout = random.pick([{ hours: 6 + random.below(60) }, { days: 1 + random.below(4) }]);
  const ofStep = mails.length > 0 && maybe(3) ? { ofStep: random.pick(mails) } : {};
  return random.pick<() => { kind: string; [field: string]: unknown }>([
    () => ({ kind: 'send', template: random.pick(TEMPLATES), ...deadline }),
    () => ({ kind: 'send', template: random.pick(TEMPLATES), ...deadline }),
    () => ({ kind: 'send', template: random.pick(TEMPLATES), ...deadline }),
    () => ({ kind: 'send', template: random.pick(TEMPLATES), ...deadline }),
    () => ({ kind: 'send', template: random.pick(TEMPLATES), ...deadline }),
    () => ({ kind: 'send', template: random.pick(TEMPLATES), ...deadline }),
    () => ({
      kind: 'send',
      stream: 'stream',
      ...deadline,
      ...(maybe(2) && { onExhausted: random.pick(['wait', 'next', 'end']) }),
    }),
    () => ({
      kind: 'wait',
      for: random.pick([{ hours: 3 + random.below(40) }, { days: 1 + random.below(5) }, { minutes: 45 }]),
    }),
    () => ({
      kind: 'wait',
      until: { at: time, ...(maybe(2) && { weekdays: [random.pick(WEEKDAYS), random.pick(WEEKDAYS)] }) },
    }),
    () => ({ kind: 'wait', businessDays: 1 + random.below(4) }),
    () => ({ kind: 'wait', until: { date: 'birthday', yearly: maybe(2), plusDays: random.below(5) - 2, at: time } }),
    () => ({
      kind: 'waitFor',
      event: signal(random),
      timeout,
      ...ofStep,
      provisional: maybe(2),
      ...(maybe(2) && { onTimeout: later() }),
    }),
    () => ({
      kind: 'waitFor',
      anyOf: [{ signal: signal(random) }, { signal: signal(random), to: later() }],
      timeout,
      since: random.pick(['step', 'enrolment']),
    }),
    () => ({
      kind: 'waitFor',
      allOf: [signal(random), signal(random)],
      timeout,
      ...(maybe(2) && { onEvent: later() }),
    }),
    () => ({ kind: 'branch', arms: [{ when: condition(random), to: later() }] }),
    () => ({
      kind: 'split',
      arms: [
        { id: 'a', to: next },
        { id: 'b', to: later(), weight: 2 },
      ],
    }),
    () => ({ kind: 'update', ...(maybe(2) ? { addTags: ['seen'] } : { set: { size: random.below(120) } }) }),
    () => ({ kind: 'ask', template: 'question', model: 'm' }),
    () =>
      others.length === 0 ? { kind: 'end' } : { kind: random.pick(['enrol', 'leave']), sequence: random.pick(others) },
    () =>
      waits.length === 0
        ? { kind: 'wait', for: { hours: 9 } }
        : { kind: 'goTo', step: random.pick(waits), atMost: 1 + random.below(3) },
    () => (maybe(3) ? { kind: 'handOff', reason: 'asked' } : { kind: 'wait', for: { hours: 5 } }),
  ])();
}

/** What happens to one lead within `days`: some of it late, some of it twice, much of it at full hours as waits end. */
export function randomHistory(random: Random, start: Instant, days: number): Happening[] {
  const many = Array.from({ length: 10 + random.below(16) }, (_, index): Happening[] => {
    const at = start + random.below(days * 24) * HOUR + random.pick([0, 0, 7 * MINUTE, 1]);
    switch (random.below(14)) {
      case 0:
        return [
          {
            at,
            kind: 'consent',
            action: random.pick(['granted', 'granted', 'granted', 'withdrawn']),
            purpose: random.pick(['newsletter', 'offers']),
          },
        ];
      case 1:
        return [{ at, kind: 'enrol', sequence: random.pick(['s1', 's2']) }];
      case 2:
      case 3:
        return [{ at, kind: 'outcome', outcome: random.pick(['won', 'lost', 'recycled', 'recycled']) }];
      case 4:
        return [told(random, at)];
      case 5:
      case 6:
      case 7:
        return [
          { at, kind: 'reaction', reaction: random.pick(['opens', 'clicks', 'clicks']), mail: random.pick(TEMPLATES) },
        ];
      default: {
        const occurredAt = random.below(4) === 0 ? at - random.below(40) * HOUR : at;
        const event = {
          kind: 'interaction',
          event: random.pick(EVENTS),
          as: 'track',
          properties: { n: random.below(4) },
        } as const;
        const once: Happening = { at, ...event, occurredAt, messageId: `i${index}` };
        // The same again, as a website that got no answer sends it.
        return random.below(6) === 0 ? [once, { ...once, at: at + random.below(3) * HOUR }] : [once];
      }
    }
  }).flat();
  return many.sort((a, b) => a.at - b.at);
}

function told(random: Random, at: Instant): Happening {
  const values = random.pick<Record<string, string | number | null>>([
    { size: random.below(120) },
    { need: random.pick(['now', 'later']) },
    { birthday: random.pick(['1990-06-09', '1985-06-20', '2026-06-12', '1988-02-29']) },
    { country: random.pick(['DE', 'US', 'AU', 'IN', 'WS']) },
    { size: null },
  ]);
  return {
    at,
    kind: 'told',
    of: 'lead',
    values,
    source: random.pick(['api', 'rep']),
    saidAt: at - random.below(2) * random.below(20) * HOUR,
  };
}
