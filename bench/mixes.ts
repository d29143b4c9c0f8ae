/** A load: how many leads, how many events each, and how many of those change a plan. */
export interface Mix {
  readonly key: string;
  readonly leads: number;
  readonly eventsPerLead: number;
  /** Share of the events that change a plan; the others are page views. */
  readonly changing: number;
  /** Share of the plan-changing events that take their lead over the threshold, so that it is handed to sales. */
  readonly crossing: number;
}

/** One event, before it has a time and an id. */
export type BenchEvent =
  /** Scores a little, up to a daily limit. */
  | { readonly kind: 'page'; readonly lead: number }
  /** The event that the lead's present `waitFor` step waits for: the enrolment moves on. */
  | { readonly kind: 'step'; readonly lead: number; readonly step: number }
  /** The lead becomes ready for sales. */
  | { readonly kind: 'crossing'; readonly lead: number };

/** Loads in which the workflow is needed for each event, and loads as websites make them. */
export const MIXES: readonly Mix[] = [
  { key: 'every event · 2,000 × 1', leads: 2_000, eventsPerLead: 1, changing: 1, crossing: 0 },
  { key: 'every event · 500 × 10', leads: 500, eventsPerLead: 10, changing: 1, crossing: 0 },
  { key: 'every event · 200 × 100', leads: 200, eventsPerLead: 100, changing: 1, crossing: 0 },
  { key: 'website 2 % · 2,000 × 10', leads: 2_000, eventsPerLead: 10, changing: 0.02, crossing: 0.1 },
  { key: 'website 10 % · 2,000 × 10', leads: 2_000, eventsPerLead: 10, changing: 0.1, crossing: 0.1 },
];

/** For a look at whether it works: a tenth of the size. */
export const QUICK_MIXES: readonly Mix[] = [
  { key: 'every event · 200 × 1', leads: 200, eventsPerLead: 1, changing: 1, crossing: 0 },
  { key: 'every event · 50 × 10', leads: 50, eventsPerLead: 10, changing: 1, crossing: 0 },
  { key: 'website 2 % · 500 × 10', leads: 500, eventsPerLead: 10, changing: 0.02, crossing: 0.1 },
];

/** The mix at half of whose settled events per second latencies are taken. */
export function isLatencyMix(mix: Mix): boolean {
  return mix.changing === 0.02;
}

export function eventCount(mix: Mix): number {
  return mix.leads * mix.eventsPerLead;
}

/**
 * The events of a mix in the order in which they happen, the same each time: a round over all leads, then the next
 * round. Which of them change a plan is drawn at random, but exactly as many as the share says.
 */
export function eventsOf(mix: Mix): BenchEvent[] {
  const total = eventCount(mix);
  const changing = drawIndices(total, Math.round(total * mix.changing));
  const stepsOf = new Map<number, number>();
  const crossed = new Set<number>();
  const crossings = Math.round(changing.size * mix.crossing);
  const crossEvery = crossings === 0 ? Number.POSITIVE_INFINITY : Math.floor(changing.size / crossings);
  let changes = 0;
  return Array.from({ length: total }, (_, index): BenchEvent => {
    const lead = index % mix.leads;
    if (!changing.has(index)) return { kind: 'page', lead };
    changes += 1;
    // A lead is handed over once; were it to cross again, nothing would change.
    if (changes / crossEvery > crossed.size + 1 - 1e-9 && crossed.size < crossings && !crossed.has(lead)) {
      crossed.add(lead);
      return { kind: 'crossing', lead };
    }
    const step = (stepsOf.get(lead) ?? 0) + 1;
    stepsOf.set(lead, step);
    return { kind: 'step', lead, step };
  });
}

function drawIndices(total: number, count: number): ReadonlySet<number> {
  if (count >= total) return new Set(Array.from({ length: total }, (_, index) => index));
  const random = mulberry32(20_261_121);
  const drawn = new Set<number>();
  while (drawn.size < count) drawn.add(Math.floor(random() * total));
  return drawn;
}

/** A small generator of pseudo-random numbers in [0, 1) with a seed, by Tommy Ettinger (public domain). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
