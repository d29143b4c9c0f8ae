import { dayOf, instantAt, localDay } from '../calendar/local-time.ts';
import type { HandoffOutcome } from '../handoff/outcome.ts';
import { DAY, durationMs, HOUR, type Instant, MINUTE } from '../instant.ts';
import type { Json } from '../interaction/interaction.ts';
import type { Happening } from './happening.ts';
import type { Behaviour } from './lead-life.ts';
import type { ByMail, Persona, Population } from './persona.ts';
import { chance, drawn, logNormal, oneOfList, poissonInstants, type Random, randomOfLead } from './random.ts';
import { type Doing, doingsOf, entriesByDoing } from './sample-event.ts';
import type { NewLead, SubjectMessage } from './subject.ts';
import type { World } from './world.ts';

export interface Simulation {
  readonly world: World;
  readonly population: Population;
  readonly start: Instant;
  readonly days: number;
  readonly seed: number;
}

/** The lead of this number, from 1, and how it behaves: the same whenever and with however many others it is asked for. */
export function leadOf(
  simulation: Simulation,
  number: number,
): { readonly lead: NewLead; readonly behaviour: Behaviour } {
  const { world, population, start, days, seed } = simulation;
  const random = randomOfLead(seed, number);
  const persona = personaFor(random, population.personas);
  const timeZone = persona.timeZones === undefined ? null : (drawn(random, persona.timeZones) ?? null);
  const within = population.arriveWithin === undefined ? (days * DAY) / 2 : durationMs(population.arriveWithin);
  const arrivesAt = awake(random, start + random.next() * within, timeZone ?? world.pacing.timeZone);
  const lead: NewLead = {
    number,
    persona: persona.name,
    id: `${seed}-${number}`,
    arrivesAt,
    address: `lead${number}@simulated.example`,
    timeZone,
  };
  return { lead, behaviour: behaviourOf(simulation, persona, random, lead) };
}

function personaFor(random: Random, personas: readonly Persona[]): Persona {
  const name = drawn(random, Object.fromEntries(personas.map((persona) => [persona.name, persona.share])));
  const persona = personas.find((one) => one.name === name);
  if (persona === undefined) throw new Error('a population without personas');
  return persona;
}

/** The same day between 7 and 23 o'clock: people sign up while they are awake. */
function awake(random: Random, instant: Instant, zone: string): Instant {
  return instantAt(localDay(instant, zone), Math.floor(7 * 60 + random.next() * 16 * 60), zone);
}

function behaviourOf(
  { world, population, start, days }: Simulation,
  persona: Persona,
  random: Random,
  lead: NewLead,
): Behaviour {
  const until = start + days * DAY;
  const { arrivesAt } = lead;
  const silentFrom = persona.silentAfter === undefined ? until : arrivesAt + durationMs(persona.silentAfter);
  const doings = doingsOf(world);
  const lookAround = (at: Instant): Happening[] => {
    const index = drawn(random, Object.fromEntries(doings.map(({ weight }, place) => [String(place), weight])));
    const doing = doings[Number(index)]?.doing ?? { event: 'Home', kind: 'page', properties: {} };
    return [doingAt(doing, at)];
  };
  const happenings: Happening[] = [
    ...arrival(world, persona, random, arrivesAt),
    ...persona.does.flatMap(({ perDay, ...doing }) =>
      poissonInstants(random, perDay, arrivesAt, silentFrom).map((at) => doingAt(doing, at)),
    ),
    ...poissonInstants(random, doings.length === 0 ? 0 : persona.browses, arrivesAt, silentFrom).flatMap(lookAround),
  ];
  return {
    happenings,
    onMail(mail, now) {
      const at = now + Math.ceil(logNormal(random, persona.reacts.medianHours, persona.reacts.spread) * HOUR);
      // Drawn whether or not it comes to it, so that one change of a figure changes as little as can be.
      const draw = () => random.next();
      const [opens, clicks, looks, leaves, answers] = [draw(), draw(), draw(), draw(), draw()] as const;
      if (at >= silentFrom) return [];
      const react = (reaction: 'opens' | 'clicks' | 'unsubscribes', later: number): Happening => ({
        at: at + later,
        kind: 'reaction',
        reaction,
        mail: mail.id,
      });
      if (leaves < persona.unsubscribes) return [react('opens', 0), react('unsubscribes', MINUTE)];
      const track = trackOf(world, mail);
      if (opens >= likelihood(persona.opens, mail.template, track)) return [];
      const follows: Happening[] = [react('opens', 0)];
      if (mail.question !== null && answers < persona.answers) {
        const value = answerTo(random, persona, mail);
        if (value !== null) follows.push({ at: at + 2 * MINUTE, kind: 'answer', mail: mail.id, value });
      }
      if (clicks < likelihood(persona.clicks, mail.template, track)) {
        follows.push(react('clicks', MINUTE));
        if (looks < persona.looksAround) follows.push(...lookAround(at + 2 * MINUTE));
      }
      return follows;
    },
    onOffer(now) {
      const { sales } = population;
      const outcome = (drawn(random, sales.outcomes as Record<string, number>) ?? 'recycled') as HandoffOutcome;
      const takenAt = now + Math.ceil(logNormal(random, sales.acceptHours, 0.8) * HOUR);
      const doneAt = takenAt + Math.ceil(logNormal(random, sales.outcomeDays, 0.6) * DAY);
      if (outcome === 'rejected') return [{ at: takenAt, kind: 'outcome', outcome }];
      return [
        { at: takenAt, kind: 'accept' },
        { at: doneAt, kind: 'outcome', outcome },
      ];
    },
  };
}

function doingAt({ event, kind, properties }: Doing, at: Instant): Happening {
  return { at, kind: 'interaction', event, as: kind, properties };
}

/** It agrees to mails, tells what it tells of itself, and comes into a sequence. */
function arrival(world: World, persona: Persona, random: Random, at: Instant): Happening[] {
  const purposes = new Set(world.sequences.map(({ definition }) => definition.purpose));
  const consents = [...purposes]
    .sort()
    .map((purpose): Happening => ({ at, kind: 'consent', action: 'granted', purpose }));
  const told: Record<string, Json> = {};
  for (const [name, spec] of Object.entries(persona.attributes)) {
    const value = attributeOf(random, spec);
    if (value !== null) told[name] = value;
  }
  const country = persona.countries === undefined ? undefined : drawn(random, persona.countries);
  if (country !== undefined) told.country = country;
  const form: Happening[] =
    Object.keys(told).length === 0 ? [] : [{ at, kind: 'told', of: 'lead', values: told, source: 'form' }];
  const birthday: Happening[] = chance(random, persona.tellsBirthday)
    ? [{ at: at + MINUTE, kind: 'told', of: 'lead', values: { birthday: birthdayOf(random, at) }, source: 'website' }]
    : [];
  return [...consents, ...form, ...birthday, entry(world, persona, random, at)].flat();
}

function entry(world: World, persona: Persona, random: Random, at: Instant): Happening[] {
  if (persona.comesBy !== undefined) {
    const doing = oneOfList(random, persona.comesBy);
    return doing === undefined ? [] : [doingAt(doing, at)];
  }
  const byDoing = [...entriesByDoing(world).values()].filter((doings) => doings.length > 0);
  const doing = oneOfList(random, oneOfList(random, byDoing) ?? []);
  if (doing !== undefined) return [doingAt(doing, at)];
  // Nothing that a person does on a website brings it in anywhere: it is put into one by hand, if it is for leads.
  const forLeads = world.sequences.filter(({ definition }) => definition.stages.includes('lead'));
  const first = oneOfList(random, forLeads);
  return first === undefined ? [] : [{ at, kind: 'enrol', sequence: first.definition.key }];
}

function attributeOf(random: Random, spec: Persona['attributes'][string]): Json {
  if (typeof spec !== 'object') return spec;
  if (!chance(random, spec.known)) return null;
  if ('values' in spec) return drawn(random, spec.values) ?? null;
  return Math.floor(spec.from + random.next() * (spec.to - spec.from + 1));
}

/** Somebody of 18 to 77. */
function birthdayOf(random: Random, at: Instant): string {
  const day = dayOf(new Date(at).getUTCFullYear() - 18, 1, 1) - Math.floor(random.next() * 59 * 365.25);
  return new Date(day * DAY).toISOString().slice(0, 10);
}

/** The track of a stream that the mail's template stands in; null: none. */
function trackOf({ sequences }: World, { template }: SubjectMessage): string | null {
  for (const { definition } of sequences)
    for (const { tracks } of definition.streams)
      for (const { id, contents } of tracks) if (contents.includes(template)) return id;
  return null;
}

function likelihood(byMail: ByMail, template: string, track: string | null): number {
  if (typeof byMail === 'number') return byMail;
  return byMail.templates[template] ?? (track === null ? undefined : byMail.tracks[track]) ?? byMail.default;
}

function answerTo(random: Random, persona: Persona, { question }: SubjectMessage): Json {
  if (question === null) return null;
  const weights = persona.answersWith[question.attribute];
  if (weights !== undefined) return drawn(random, weights) ?? null;
  return oneOfList(random, question.choices) ?? '12';
}
