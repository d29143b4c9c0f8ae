import { DAY, type Instant } from '../../domain/instant.ts';
import { pacingSchema } from '../../domain/pacing/policy-schema.ts';
import { scoringModelSchema } from '../../domain/scoring/model.ts';
import { sequenceSchema } from '../../domain/sequence/definition.ts';
import type { Simulation } from '../../domain/simulation/behave.ts';
import type { EntryOf, Life, LifeEntry } from '../../domain/simulation/life.ts';
import { populationSchema } from '../../domain/simulation/persona.ts';
import { type World, worldOf } from '../../domain/simulation/world.ts';

/** Monday, 1 March 2027, midnight in Berlin. */
export const MARCH = Date.UTC(2027, 1, 28, 23);

const welcome = {
  key: 'welcome',
  name: 'Welcome',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  steps: [
    { id: 'hello', kind: 'send', template: 'hello' },
    {
      id: 'click',
      kind: 'waitFor',
      event: { kind: 'tend', event: 'Email Link Clicked' },
      provisional: true,
      timeout: { days: 5 },
      onTimeout: 'end',
    },
    { id: 'rest', kind: 'wait', for: { days: 2 } },
    { id: 'offer', kind: 'send', template: 'offer' },
  ],
};
const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold: 20,
  rules: [
    { id: 'click', on: { kind: 'tend', event: 'Email Link Clicked' }, points: 5 },
    { id: 'view', on: { kind: 'page', event: 'Product' }, points: 15, limit: { per: 'lead' } },
  ],
};
const pacing = {
  key: 'default',
  name: 'Default',
  timeZone: 'Europe/Berlin',
  country: 'DE',
  spacing: { hours: 20 },
  caps: [{ max: 2, days: 7 }],
  windows: [{ weekdays: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' }],
  holidays: 'wait',
};

/** A small shop: a welcome with an offer for those who click, one model, one policy. */
export function smallWorld(
  change: { readonly sequences?: readonly object[]; readonly pacing?: object | null } = {},
): World {
  const { sequences = [welcome] } = change;
  const policy = change.pacing === undefined ? pacing : change.pacing;
  return worldOf({
    sequences: sequences.map((one) => sequenceSchema.parse(one)),
    models: [scoringModelSchema.parse(model)],
    attributes: [],
    templates: ['hello', 'offer', 'again'].map((key) => ({ key, lineage: key })),
    pacing: policy === null ? undefined : pacingSchema.parse(policy),
  });
}

/** Everybody opens and clicks, and one in two looks around. */
export function simulationOf(world: World, persona: object = {}, days = 28): Simulation {
  const population = populationSchema.parse({
    personas: [{ name: 'eager', share: 1, opens: 1, clicks: 1, looksAround: 0.5, ...persona }],
  });
  return { world, population, start: MARCH, days, seed: 3 };
}

/** A life that holds these entries, of a lead in Berlin. */
export function lifeWith(entries: readonly LifeEntry[], change: Partial<Life> = {}): Life {
  return {
    number: 1,
    persona: 'eager',
    arrivedAt: MARCH,
    until: MARCH + 28 * DAY,
    zone: 'Europe/Berlin',
    country: 'DE',
    region: null,
    entries,
    end: { stage: 'lead', cells: {}, points: {}, running: {}, waiting: [] },
    ...change,
  };
}

/** A mail of that life. */
export function mailAt(at: Instant, template: string, lineage = template): EntryOf<'mail'> {
  return {
    at,
    kind: 'mail',
    message: `m ${at} ${template}`,
    sequence: 'welcome',
    enrolment: 'e',
    step: template,
    template,
    lineage,
    purpose: 'newsletter',
    dueAt: at,
    calendar: { zone: 'Europe/Berlin', zoneFrom: 'installation', country: 'DE', region: null },
  };
}
