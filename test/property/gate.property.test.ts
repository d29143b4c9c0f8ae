import { describe, expect, it } from 'vitest';
import type { ConsentRecord, FrequencyPromise } from '../../domain/consent/consent.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import { isFinal } from '../../domain/sending/message.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';
import { ADDRESSES, EXEMPT, GateModel, type ModelClaim, POLICY, PURPOSES } from './gate-model.ts';

const INTERLEAVINGS = 100_000 * SCALE;
const STALE_AFTER = (POLICY.staleness?.after.days ?? 0) * DAY;

type Random = ReturnType<typeof randomFrom>;

/**
 * Done-line of lawful mail, on the domain model: transactions of everybody who changes something about a lead, in random
 * order, while plans and the claims that they command come apart. What must hold of each claim is asked of the bare
 * record, by other code than the gate's.
 */
describe(`mails to one lead while consent, promise and sales change (seed ${SEED})`, () => {
  it('never go without consent, over a promise, in a pause, to who is not written to, nor while sales has the lead', () => {
    const seen = new Map<string, number>();
    let claims = 0;
    for (let number = 0; number < INTERLEAVINGS; number += 1) {
      const random = randomFrom(SEED + number);
      const life = new GateModel();
      let moves = 8 + random.below(16);
      begin(life, random);
      while (moves > 0) {
        moves -= 1;
        move(life, random, (claim) => {
          claims += 1;
          const wrong = objection(life, claim);
          if (wrong !== null)
            throw new Error(`interleaving ${number} (TEND_TEST_SEED=${SEED}): ${wrong}: ${JSON.stringify(claim)}`);
        });
      }
      for (const { reason } of life.mails) if (reason !== null) seen.set(reason, (seen.get(reason) ?? 0) + 1);
    }
    // The histories come to what they are about.
    expect(claims).toBeGreaterThan(INTERLEAVINGS);
    for (const reason of [
      'no-consent',
      'consent-withdrawn',
      'consent-stale',
      'consent-for-another-address',
      'frequency-promise',
      'own-limit',
      'paused-by-the-person',
      'sales-has-the-lead',
      'suppressed',
      'receiver-refuses',
      'sender-paused',
      'paused',
      'no-result',
    ])
      expect(seen.get(reason) ?? 0, `${reason} was met`).toBeGreaterThan(100);
  });

  it('all come to their end once nothing holds them back any more', () => {
    for (let number = 0; number < INTERLEAVINGS / 50; number += 1) {
      const random = randomFrom(SEED + 7_000_000 + number);
      const life = new GateModel();
      begin(life, random);
      for (let moves = 20; moves > 0; moves -= 1) move(life, random, () => {});
      free(life, random);
      let looks = 0;
      for (; ; looks += 1) {
        if (looks > 300) throw new Error(`interleaving ${number}: it does not come to an end`);
        life.plan();
        const commands = life.commands.splice(0);
        for (const id of commands) if (life.claim(id) !== null) life.record(id, 'accepted');
        if (commands.length > 0) continue;
        if (life.nextLookAt === null) break;
        life.now = Math.max(life.now + 1, life.nextLookAt);
      }
      const open = life.mails.filter(({ state }) => !isFinal(state));
      expect(open, `interleaving ${number}`).toEqual([]);
      expect(life.enrolments, `interleaving ${number}`).toEqual([]);
    }
  });
});

/** Most people gave a consent before anything else happens. */
function begin(life: GateModel, random: Random): void {
  for (const purpose of PURPOSES) if (random.below(4) > 0) grant(life, random, purpose);
  life.plan();
}

function move(life: GateModel, random: Random, onClaim: (claim: ModelClaim) => void): void {
  const claimed = life.mails.filter(({ state }) => state === 'claimed' || state === 'unknown');
  const roll = random.below(100);
  if (roll < 16) life.plan();
  else if (roll < 42) {
    if (life.commands.length === 0) life.plan();
    if (life.commands.length === 0) return;
    const id = random.pick(life.commands);
    // Now and then a command is carried out twice, or long after.
    if (random.below(8) > 0) life.commands = life.commands.filter((other) => other !== id);
    const claim = life.claim(id);
    if (claim !== null) onClaim(claim);
  } else if (roll < 52) {
    if (claimed.length > 0)
      life.record(random.pick(claimed).id, random.pick(['accepted', 'accepted', 'deferred', 'refused']));
  } else if (roll < 70) pass(life, random);
  else change(life, random);
}

/** Time goes on: to where something may change, a moment before it, or anywhere. */
function pass(life: GateModel, random: Random): void {
  const { pausedUntil } = life.changes.at(-1) ?? {};
  const edges = [life.nextLookAt, typeof pausedUntil === 'string' ? Date.parse(pausedUntil) : null]
    .flatMap((edge) => (edge === null ? [] : [edge, edge - 1, edge - MINUTE]))
    .filter((edge) => edge > life.now);
  if (edges.length > 0 && random.below(3) === 0) life.now = random.pick(edges);
  else life.now += random.pick([1, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY, 8 * DAY]);
}

function change(life: GateModel, random: Random): void {
  const changes = [
    () => grant(life, random, random.pick(PURPOSES)),
    () => grant(life, random, random.pick(PURPOSES)),
    () => add(life, { purpose: random.pick([...PURPOSES, 'all']), action: 'withdrawn' }),
    () => {
      const pausedUntil = random.pick([null, life.now + 2 * HOUR, life.now + 3 * DAY, life.now + 14 * DAY]);
      life.changes.push({ pausedUntil: pausedUntil === null ? null : new Date(pausedUntil).toISOString() });
    },
    () => life.changes.push({ limit: random.pick([null, { max: 1, days: 7 }, { max: 2, days: 1 }]) }),
    () => {
      life.suppressed = random.pick([new Set<string>(), new Set([ADDRESSES[0]]), new Set(ADDRESSES)]);
    },
    // Sales takes it, or gives it back.
    () => {
      life.handoffOpen = !life.handoffOpen;
    },
    () => {
      life.handoffOpen = !life.handoffOpen;
    },
    () => {
      life.address = random.pick(ADDRESSES);
    },
    () => {
      const until = life.now + random.pick([MINUTE, HOUR, DAY]);
      life.receiver = random.pick([null, { reason: 'receiver-refuses', until, detail: null } as const]);
    },
    () => {
      if (random.below(2) === 0) life.pausedSenders = random.pick([new Set<string>(), new Set(['default'])]);
      else life.paused = !life.paused;
    },
    () => life.intend(random.pick([...PURPOSES, EXEMPT])),
  ];
  random.pick(changes)();
}

function grant(life: GateModel, random: Random, purpose: string): void {
  const address = random.pick([null, life.address, ADDRESSES[0]]);
  const promise = random.pick([null, null, { max: 1, days: 7 }, { max: 2, days: 1 }]);
  // What a form confirmed may be told much later: after a withdrawal even.
  const confirmedAt = life.now - random.pick([0, 0, 0, HOUR, 5 * DAY]);
  add(life, { purpose, action: 'granted', address, promise, confirmedAt });
}

function add(life: GateModel, record: Pick<ConsentRecord, 'purpose' | 'action'> & Partial<ConsentRecord>): void {
  life.consents.push({ address: null, promise: null, confirmedAt: null, ...record, at: life.now });
}

/** Everything that stands in the way of mail is over. */
function free(life: GateModel, random: Random): void {
  Object.assign(life, {
    handoffOpen: false,
    paused: false,
    receiver: null,
    suppressed: new Set(),
    pausedSenders: new Set(),
  });
  life.changes.push({ pausedUntil: null, limit: null });
  life.now += 1;
  for (const purpose of PURPOSES) {
    const promise = random.pick([null, { max: 1, days: 2 }]);
    add(life, { purpose, action: 'granted', promise, confirmedAt: life.now });
  }
  // A mail of whose result nothing is heard becomes unknown.
  life.now += 2 * MINUTE;
}

/** What was wrong with a claim, told from the record alone; null: nothing. */
function objection(life: GateModel, { at, mail, purpose, address }: ModelClaim): string | null {
  if (life.suppressed.has(address)) return 'the address is suppressed';
  if (life.receiver?.until != null && life.receiver.until > at) return 'the receiver refuses';
  if (purpose === EXEMPT) return null;
  if (life.handoffOpen) return 'sales has the lead';
  if (life.paused || life.pausedSenders.size > 0) return 'marketing is paused';
  const words = life.consents.filter((record) => record.purpose === purpose || record.purpose === 'all');
  const lastNo = Math.max(
    Number.NEGATIVE_INFINITY,
    ...words.filter(({ action }) => action === 'withdrawn').map((no) => no.at),
  );
  // Of several the one that was said last; of two said at once, the one that was recorded last.
  const yes = words
    .filter((record) => record.action === 'granted' && (record.confirmedAt ?? 0) > lastNo)
    .sort((one, other) => (one.confirmedAt ?? 0) - (other.confirmedAt ?? 0))
    .at(-1);
  if (yes === undefined) return 'there is no consent';
  if (yes.address !== null && yes.address !== address) return 'the consent is for another address';
  const before = life.counted.filter((other) => other.id !== mail && other.purpose !== EXEMPT);
  const ofPurpose = before.filter((other) => other.purpose === purpose).map(({ claimedAt }) => claimedAt ?? 0);
  if (at - Math.max(yes.confirmedAt ?? 0, ...ofPurpose) >= STALE_AFTER) return 'the consent is stale';
  if (yes.promise !== null && exceeds(yes.promise, ofPurpose, at)) return 'more than was promised';
  const limit = life.changes.findLast((change) => change.limit !== undefined)?.limit ?? null;
  const all = before.map(({ claimedAt }) => claimedAt ?? 0);
  if (limit !== null && exceeds(limit, all, at)) return 'more than the person wants';
  const pausedUntil = life.changes.findLast((change) => change.pausedUntil !== undefined)?.pausedUntil ?? null;
  if (pausedUntil !== null && at < Date.parse(pausedUntil)) return 'in a pause';
  const twin = life.counted.find(
    (other) => other.id !== mail && life.mails.some((one) => one.id === mail && one.lineage === other.lineage),
  );
  return twin === undefined ? null : 'the same content once more';
}

/** True where one mail more at `at` breaks the promise in the window that ends there; any other has fewer. */
function exceeds({ max, days }: FrequencyPromise, sent: readonly Instant[], at: Instant): boolean {
  return sent.filter((other) => other > at - days * DAY).length + 1 > max;
}
