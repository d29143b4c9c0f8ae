/** Names of what people do in these benchmarks; each is what one or two rules are about, some are about none. */
export const EVENT_NAMES = Array.from({ length: 60 }, (_, index) => `Event ${index}`);

export const MODEL_KEY = 'fifty';
const RULES = 50;

type Part = 'decay' | 'validity' | 'groups' | 'silence' | 'recurrence';
export const EVERYTHING: readonly Part[] = ['decay', 'validity', 'groups', 'silence', 'recurrence'];

/** What is added to the plain rules, each at what real models use of it. */
export const VARIANTS = {
  plain: [],
  decay: ['decay'],
  'decay, validity, groups': ['decay', 'validity', 'groups'],
  'all of it, with silence and recurrence': EVERYTHING,
} as const satisfies Readonly<Record<string, readonly Part[]>>;

/** A model of 50 rules with bands and limits, as a marketer would write it. */
export function fiftyRules(parts: readonly Part[], more: object = {}) {
  const has = (part: Part) => parts.includes(part);
  const rules = Array.from({ length: RULES }, (_, index) => ({
    id: `rule-${index}`,
    on: { event: EVENT_NAMES[index] },
    points: index % 9 === 8 ? -4 : 2 + (index % 7),
    ...((index % 3 === 0 || index % 10 === 5) && { limit: { times: 2, per: index % 2 === 0 ? 'day' : 'lead' } }),
    ...(has('groups') && { group: `group-${index % 5}` }),
    ...(has('decay') && index % 2 === 0 && { halfLife: { days: 30 } }),
    ...(has('validity') && index % 10 === 5 && { validFor: { days: 60 } }),
    ...(has('recurrence') && index % 10 === 7 && { recurring: { times: 2, of: 'days', within: { days: 14 } } }),
  }));
  const silences = [
    { id: 'quiet', silence: { after: { days: 30 }, times: 3 }, points: -10 },
    { id: 'no-visit', silence: { after: { days: 60 }, on: [{ event: EVENT_NAMES[0] }] }, points: -5 },
  ];
  return {
    key: MODEL_KEY,
    name: 'Fifty rules',
    timeZone: 'Europe/Berlin',
    bands: { 1: 60, 2: 35, 3: 15 },
    mql: [1],
    ...(has('groups') && { groups: Array.from({ length: 5 }, (_, index) => ({ id: `group-${index}`, atMost: 60 })) }),
    rules: has('silence') ? [...rules.slice(0, RULES - silences.length), ...silences] : rules,
    ...more,
  };
}
