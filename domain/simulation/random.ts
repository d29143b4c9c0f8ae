import type { Instant } from '../instant.ts';

/** A source of chance that gives the same again for the same seed. */
export interface Random {
  /** 0 ≤ x < 1. */
  next(): number;
}

/** mulberry32: small, fast, and good enough to draw people from. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}

/** The chance of one lead of a simulation: it lives the same life alone and among thousands. */
export function randomOfLead(seed: number, lead: number): Random {
  // By odd constants, so that neighbours in seed or number have nothing in common.
  return seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(lead, 0x85ebca6b));
}

export function chance(random: Random, probability: number): boolean {
  return random.next() < probability;
}

/** One of `weights` by name, in proportion to its weight; undefined where there is none. */
export function drawn(random: Random, weights: Readonly<Record<string, number>>): string | undefined {
  const names = Object.keys(weights);
  const total = names.reduce((sum, name) => sum + (weights[name] ?? 0), 0);
  let left = random.next() * total;
  for (const name of names) {
    left -= weights[name] ?? 0;
    if (left < 0) return name;
  }
  return names.at(-1);
}

export function oneOfList<T>(random: Random, items: readonly T[]): T | undefined {
  return items[Math.floor(random.next() * items.length)];
}

/** Exponential with this mean: the time to the next of events that come independently of each other. */
export function waitingTime(random: Random, mean: number): number {
  return -Math.log(1 - random.next()) * mean;
}

/** Log-normal with this median; `spread` is the standard deviation of its logarithm. Reaction times are like that. */
export function logNormal(random: Random, median: number, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return median * Math.exp(spread * normal);
}

/** The instants at which something happens that happens `perDay` times a day on average, ascending. */
export function poissonInstants(random: Random, perDay: number, from: Instant, until: Instant): Instant[] {
  if (perDay <= 0) return [];
  const mean = 86_400_000 / perDay;
  const instants: Instant[] = [];
  for (let at = from + waitingTime(random, mean); at < until; at += waitingTime(random, mean))
    instants.push(Math.floor(at));
  return instants;
}
