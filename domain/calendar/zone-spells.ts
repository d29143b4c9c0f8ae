import { IANAZone } from 'luxon';
import { TendError } from '../errors.ts';
import { DAY, type Instant, MINUTE } from '../instant.ts';

/** A time in which a zone's clocks keep one offset: `from` ≤ instant < `until`, local time = instant + `offset`. */
export interface Spell {
  readonly from: Instant;
  readonly until: Instant;
  readonly offset: number;
}

/** Spells are looked up by stretches of this length; a change of clocks ends a spell, and so does the end of a stretch. */
const STRETCH = 360 * DAY;

/** No zone has kept an offset for less than 6.9 days since 1970 (Noronha 2000, Gaza from 2040): none slips between two looks. */
const STEP = 3 * DAY;

/** The offsets of one zone, found by asking the runtime once a stretch: a look-up is then two comparisons, not a formatting. */
export class ZoneSpells {
  readonly #zone: IANAZone;
  readonly #stretches = new Map<number, readonly Spell[]>();
  #last: Spell = { from: 0, until: 0, offset: 0 };

  constructor(zone: IANAZone) {
    this.#zone = zone;
  }

  /** The spell that `instant` is in. */
  at(instant: Instant): Spell {
    const last = this.#last;
    if (instant >= last.from && instant < last.until) return last;
    const number = Math.floor(instant / STRETCH);
    let spells = this.#stretches.get(number);
    if (spells === undefined) {
      spells = this.#find(number * STRETCH, (number + 1) * STRETCH);
      this.#stretches.set(number, spells);
    }
    const spell = spells.find(({ until }) => instant < until);
    if (spell === undefined) throw new RangeError(`${instant} is no instant`);
    this.#last = spell;
    return spell;
  }

  #find(begin: Instant, end: Instant): Spell[] {
    const spells: Spell[] = [];
    let from = begin;
    let offset = this.#offset(begin);
    for (let before = begin; before < end; before += STEP) {
      const after = Math.min(before + STEP, end - 1);
      const next = this.#offset(after);
      if (next === offset) continue;
      const until = this.#change(before, after, offset);
      spells.push({ from, until, offset });
      from = until;
      offset = next;
    }
    spells.push({ from, until: end, offset });
    return spells;
  }

  /** The first instant after `before` at which the offset is no longer `offset`; at `after` it is another. */
  #change(before: Instant, after: Instant, offset: number): Instant {
    let [low, high] = [before, after];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#offset(middle) === offset) low = middle;
      else high = middle;
    }
    return high;
  }

  #offset(instant: Instant): number {
    // Luxon gives minutes; Liberia's, until 1972, were not whole ones.
    return Math.round(this.#zone.offset(instant) * MINUTE);
  }
}

const zones = new Map<string, ZoneSpells>();

/** True for a name of the IANA database that this runtime knows. */
export function isKnownZone(timeZone: string): boolean {
  return zones.has(timeZone) || IANAZone.isValidZone(timeZone);
}

/** The spells of the IANA zone `timeZone`. Throws `invalid-request` for a zone that this runtime does not know. */
export function spellsOf(timeZone: string): ZoneSpells {
  let spells = zones.get(timeZone);
  if (spells === undefined) {
    const zone = IANAZone.create(timeZone);
    if (!zone.isValid) {
      const problem = `there is no time zone "${timeZone}": write a name of the IANA database, for example Europe/Berlin`;
      throw new TendError('invalid-request', problem, [{ path: 'timeZone', problem }]);
    }
    spells = new ZoneSpells(zone);
    zones.set(timeZone, spells);
  }
  return spells;
}
