import { ALL_PURPOSES, type ConsentState, type FrequencyPromise } from '../domain/consent/consent.ts';
import { type ConsentPolicy, type ConsentPurpose, DOUBLE_OPT_IN, TRACKING } from '../domain/consent/policy.ts';
import type { PreferencesNow } from '../domain/consent/preference-changes.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Queryable } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { readGateFacts } from './read-gate-facts.ts';
import { readLinkedMessage } from './read-message.ts';
import { resolveLead } from './resolve-lead.ts';
import { sql } from './sql.ts';

/** All that a person can set about mail, as it stands, and what there is to set. */
export interface PreferencesView extends PreferencesNow {
  readonly leadId: string;
  /** The address that mail goes to now; null: none is known. */
  readonly address: string | null;
  /** Nothing is sent to that address, whatever is switched on. */
  readonly suppressed: boolean;
  /** By whose clock dates are told. */
  readonly zone: string;
  /** What may be switched on and off, in the policy's order; what it does not name comes last. */
  readonly topics: readonly Topic[];
  /** What is sent because a contract needs it, and can't be switched off. */
  readonly contracts: readonly ConsentPurpose[];
  /** False: nobody is tracked, so there is nothing to agree to. */
  readonly tracksByConsent: boolean;
  /** Languages that mails are written in. */
  readonly locales: readonly string[];
  /** Purposes that were ended, and when: what is granted anew must be later than that. */
  readonly endedAt: ReadonlyMap<string, Instant>;
}

/** A purpose that needs consent. */
export interface Topic {
  readonly key: string;
  /** By locale; where the policy does not know it, its key. */
  readonly name: Readonly<Record<string, string>>;
  readonly description: Readonly<Record<string, string>> | null;
  /** What was promised; of a topic that is off: what would be. */
  readonly promise: FrequencyPromise | null;
  readonly on: boolean;
  /** `stale`: it was granted so long ago that no mail goes under it. */
  readonly state: ConsentState['kind'] | 'stale';
  /** When the person said so last; null: never. */
  readonly since: Instant | null;
}

/** A lead's, for the company. A merged lead's id gives the one that lives on. Throws `not-found`. */
export async function readLeadPreferences(
  queryable: Queryable,
  leadId: string,
  worldNow: Instant,
): Promise<PreferencesView> {
  const id = await resolveLead(queryable, leadId);
  const lead = await readClock(queryable, id);
  if (lead === null || lead.erased) throw new TendError('not-found', `There is no lead ${leadId}.`);
  return readPreferences(queryable, id, null, worldNow + lead.clockOffset);
}

/** Those of whoever got a mail; null: there is no such mail, or its reader was erased. */
export async function readReaderPreferences(
  queryable: Queryable,
  messageId: string,
  worldNow: Instant,
): Promise<{ readonly view: PreferencesView; readonly reader: string; readonly now: Instant } | null> {
  const message = await readLinkedMessage(queryable, messageId);
  if (message === null) return null;
  const id = await resolveLead(queryable, message.leadId);
  const lead = await readClock(queryable, id);
  if (lead === null || lead.erased) return null;
  const now = worldNow + lead.clockOffset;
  return { view: await readPreferences(queryable, id, message.address, now), reader: message.address, now };
}

async function readClock(
  queryable: Queryable,
  id: string,
): Promise<{ readonly clockOffset: number; readonly erased: boolean } | null> {
  const [lead] = await queryable.query<{ clockOffset: number; erased: boolean }>(sql`
    SELECT clock_offset_ms AS "clockOffset", erased_at IS NOT NULL AS erased FROM lead WHERE id = ${id}::uuid`);
  return lead ?? null;
}

/**
 * Reads them as of `now`, by the lead's own clock. `reader` is the address that the link in hand went to: a consent that is
 * neither for it nor for the lead's present address counts as off, for nobody is written to under it.
 */
export async function readPreferences(
  queryable: Queryable,
  leadId: string,
  reader: string | null,
  now: Instant,
): Promise<PreferencesView> {
  const { consent: policy, pacing } = await loadLiveDefinitions(queryable);
  const recorded = await readRecorded(queryable, leadId);
  const asked = policy.purposes.filter(({ basis }) => basis === 'consent');
  const contracts = policy.purposes.filter(({ basis }) => basis === 'contract');
  const others = [...recorded.keys()].filter((key) => isTopic(key) && !policy.purposes.some((one) => one.key === key));
  const keys = [...asked.map(({ key }) => key), ...others];
  const facts = await readGateFacts(queryable, leadId, [...keys, TRACKING], policy);
  const stateOf = (key: string): ConsentState => facts.consents.get(key) ?? { kind: 'none' };
  const isOn = (state: ConsentState) =>
    state.kind === 'granted' &&
    (state.address === null || state.address === reader || state.address === facts.address) &&
    !isStale(state, now);
  const topics = keys
    .map((key): Topic => {
      const state = stateOf(key);
      const named = asked.find((purpose) => purpose.key === key);
      return {
        key,
        name: named?.name ?? { en: key },
        description: named?.description ?? null,
        promise: promiseOf(state, named, recorded.get(key) ?? null),
        on: isOn(state),
        state: isStale(state, now) ? 'stale' : state.kind,
        since: state.kind === 'none' ? null : (state.at ?? null),
      };
    })
    // What the policy does not offer (any more) can be ended, not begun.
    .filter(({ key, on }) => on || asked.length === 0 || asked.some((purpose) => purpose.key === key));
  const lead = await readLanguage(queryable, leadId);
  const states = [...keys, TRACKING].map((key) => [key, stateOf(key)] as const);
  return {
    leadId,
    address: facts.address,
    suppressed: facts.suppressed,
    zone: lead.timeZone ?? pacing.timeZone,
    topics,
    purposes: new Map(topics.map(({ key, on }) => [key, on])),
    contracts,
    tracksByConsent: policy.tracking === 'consent',
    tracking: policy.tracking === 'consent' && stateOf(TRACKING).kind === 'granted',
    endedAll: recorded.has(ALL_PURPOSES) && states.every(([, state]) => state.kind !== 'granted'),
    endedAt: new Map(states.flatMap(([key, state]) => (state.kind === 'withdrawn' ? [[key, state.at] as const] : []))),
    pausedUntil: facts.preferences.pausedUntil,
    limit: facts.preferences.limit,
    locale: facts.preferences.locale ?? lead.locale,
    locales: await readMailLocales(queryable),
  };
}

function isTopic(purpose: string): boolean {
  return purpose !== ALL_PURPOSES && purpose !== TRACKING && purpose !== DOUBLE_OPT_IN;
}

function isStale(state: ConsentState, now: Instant): boolean {
  return state.kind === 'granted' && (state.staleAt ?? Number.POSITIVE_INFINITY) <= now;
}

function promiseOf(
  state: ConsentState,
  purpose: ConsentPolicy['purposes'][number] | undefined,
  last: FrequencyPromise | null,
): FrequencyPromise | null {
  return state.kind === 'granted' ? state.promise : (purpose?.promise ?? last);
}

/** Every purpose of mail that there is a record of, with what was promised for it last; `all` where everything was ended. */
async function readRecorded(queryable: Queryable, leadId: string): Promise<Map<string, FrequencyPromise | null>> {
  const rows = await queryable.query<{ purpose: string; max: number | null; days: number | null }>(sql`
    SELECT DISTINCT ON (purpose) purpose, promise_max AS max, promise_days AS days FROM consent
    WHERE channel = 'email' AND action <> 'changed'
      AND lead_id IN (SELECT id FROM lead WHERE id = ${leadId}::uuid OR merged_into = ${leadId}::uuid)
    ORDER BY purpose, action = 'granted' DESC, id DESC`);
  return new Map(rows.map(({ purpose, max, days }) => [purpose, max === null || days === null ? null : { max, days }]));
}

async function readLanguage(
  queryable: Queryable,
  leadId: string,
): Promise<{ readonly locale: string | null; readonly timeZone: string | null }> {
  const [lead] = await queryable.query<{ locale: string | null; timeZone: string | null }>(sql`
    SELECT locale, time_zone AS "timeZone" FROM lead WHERE id = ${leadId}::uuid`);
  return lead ?? { locale: null, timeZone: null };
}

/** The languages of all published templates that leads get. */
async function readMailLocales(queryable: Queryable): Promise<string[]> {
  const rows = await queryable.query<{ locale: string }>(sql`
    SELECT DISTINCT locale FROM definition
    JOIN definition_version AS version ON version.id = live_version_id
    CROSS JOIN LATERAL jsonb_object_keys(version.content->'locales') AS locale
    WHERE definition.kind = 'template' AND coalesce(version.content->>'recipient', 'lead') = 'lead' ORDER BY locale`);
  return rows.map(({ locale }) => locale);
}
