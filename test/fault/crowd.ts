import type { Interaction } from '../../domain/interaction/interaction.ts';
import { compareFoldOrder } from '../../domain/interaction/interaction.ts';
import { foldAll } from '../../domain/scoring/fold.ts';
import { scoringModelSchema } from '../../domain/scoring/model.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, type TestEvent, type TestLead } from '../support/company.ts';
import type { ReceivedMail } from '../support/mailbox.ts';
import type { randomFrom } from '../support/property.ts';

type Random = ReturnType<typeof randomFrom>;

const THRESHOLD = 20;
const model = scoringModelSchema.parse({
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold: THRESHOLD,
  rules: [
    { id: 'viewed', on: { event: 'Product Viewed' }, points: 1, limit: { times: 3, per: 'lead' } },
    { id: 'branch', on: { event: 'Branch Searched' }, points: THRESHOLD, limit: { per: 'lead' } },
  ],
});

/** hello → a second → more → wait for an answer → thanks or reminder. */
const sequence = {
  key: 'welcome',
  name: 'Welcome',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  steps: [
    { id: 'hello', kind: 'send', template: 'hello' },
    { id: 'pause', kind: 'wait', for: { seconds: 1 } },
    { id: 'more', kind: 'send', template: 'more' },
    {
      id: 'answer',
      kind: 'waitFor',
      event: { event: 'Answered' },
      timeout: { seconds: 3 },
      onEvent: 'thanks',
      onTimeout: 'reminder',
    },
    { id: 'reminder', kind: 'send', template: 'reminder' },
    { id: 'thanks', kind: 'send', template: 'thanks' },
  ],
};

/** Leads who live through their journeys while a test breaks things; and what must be true of them in the end. */
export interface Crowd {
  readonly leads: readonly TestLead[];
  /** Sends everything that the leads do, spread over `durationMs`, as a website does: in batches, some twice, until taken. */
  act(durationMs: number): Promise<void>;
  /** How many journeys have not come to rest yet. */
  unsettled(): Promise<readonly string[]>;
  /** Throws on the first thing lost, doubled, or sent while sales had the lead. Returns what happened, for the record. */
  check(mails: readonly ReceivedMail[]): Promise<Readonly<Record<string, number>>>;
}

interface Act {
  readonly atMs: number;
  readonly email: string;
  readonly event: string;
}

export async function createCrowd(database: Database, random: Random, size: number): Promise<Crowd> {
  await foundCompany(database, {
    now: Date.now(),
    model,
    sequences: [sequence],
    templates: ['hello', 'more', 'reminder', 'thanks'],
  });
  const leads = await Promise.all(Array.from({ length: size }, () => addLead(database, { now: Date.now() })));
  const sent: TestEvent[] = [];
  const ready = new Set<string>();

  function script(durationMs: number): Act[] {
    const acts = leads.flatMap(({ id, email }): Act[] => {
      const start = random.below(durationMs);
      const later = (event: string): Act => ({ atMs: Math.min(durationMs, start + random.below(6_000)), email, event });
      const acts = [{ atMs: start, email, event: 'Signed Up' }];
      for (let views = random.below(5); views > 0; views -= 1) acts.push(later('Product Viewed'));
      if (random.below(2) === 0) acts.push(later('Answered'));
      if (random.below(3) === 0) {
        ready.add(id);
        acts.push(later('Branch Searched'));
      }
      return acts;
    });
    return acts.sort((a, b) => a.atMs - b.atMs);
  }

  /** What was not answered with success is sent again, as every tracking client does. */
  async function take(events: readonly TestEvent[]): Promise<void> {
    for (;;) {
      try {
        await interact(database, ...events);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  return {
    leads,
    async act(durationMs) {
      const acts = script(durationMs);
      const began = Date.now();
      for (let next = 0; next < acts.length; ) {
        const batch: TestEvent[] = [];
        while (next < acts.length && acts[next]!.atMs <= Date.now() - began) {
          const { email, event } = acts[next]!;
          next += 1;
          const told = { email, event, at: Date.now(), messageId: newId() };
          sent.push(told);
          batch.push(told);
        }
        // Every fourth comes again: in the same request, or from any time before.
        const again = batch.filter(() => random.below(4) === 0);
        const old = sent.length > 0 && random.below(2) === 0 ? [random.pick(sent)] : [];
        if (batch.length > 0) await take([...batch, ...again, ...old]);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async unsettled() {
      // At rest: everything folded and planned, nothing due; enrolment over or, with sales, its mail withheld.
      const rows = await database.query<{ email: string; what: string }>(sql`
        SELECT identity.value AS email, concat_ws(', ',
          CASE WHEN EXISTS (SELECT FROM interaction WHERE lead_id = lead.id AND assessed_at IS NULL) THEN 'unassessed' END,
          CASE WHEN lead.attention_rev <> lead.planned_rev THEN 'unplanned' END,
          CASE WHEN NOT EXISTS (SELECT FROM enrolment WHERE lead_id = lead.id) THEN 'not enrolled' END,
          CASE WHEN handoff.id IS NULL AND EXISTS (SELECT FROM enrolment WHERE lead_id = lead.id AND state = 'active') THEN 'enrolment active' END,
          CASE WHEN handoff.attention_rev <> handoff.planned_rev OR (handoff.id IS NOT NULL AND handoff.owner_key IS NULL) THEN 'handoff unplanned' END,
          (SELECT string_agg(coalesce(step_id, 'offer') || ' ' || state, ', ') FROM message WHERE lead_id = lead.id AND state IN ('due', 'claimed', 'deferred')),
          (SELECT 'delayed: ' || reason FROM message WHERE lead_id = lead.id AND state = 'delayed' AND (handoff.id IS NULL OR reason <> 'sales-has-the-lead'))
        ) AS what
        FROM lead JOIN identity ON identity.lead_id = lead.id LEFT JOIN handoff ON handoff.lead_id = lead.id`);
      return rows.filter(({ what }) => what !== '').map(({ email, what }) => `${email}: ${what}`);
    },
    async check(mails) {
      const rows = await readMessages(database);
      checkArrivals(rows, mails);
      await checkSilence(database);
      await checkOffers(database, ready);
      checkSteps(rows);
      await checkScores(database, leads, sent);
      const count = (kind: string, state: string) =>
        rows.filter((row) => row.kind === kind && row.state === state).length;
      return {
        leads: leads.length,
        interactions: sent.length,
        handoffs: ready.size,
        mails: mails.length,
        accepted: count('lead', 'accepted') + count('rep', 'accepted'),
        unknown: count('lead', 'unknown') + count('rep', 'unknown'),
        withheld: count('lead', 'delayed'),
      };
    },
  };
}

interface MessageRow {
  readonly leadId: string;
  readonly kind: 'lead' | 'rep';
  readonly step: string | null;
  readonly state: string;
  readonly header: string;
  readonly enrolment: string | null;
  readonly claims: number;
  readonly attempts: number;
}

function readMessages(database: Database): Promise<MessageRow[]> {
  return database.query<MessageRow>(sql`
    SELECT message.lead_id AS "leadId", recipient_kind AS kind, message.step_id AS step, message.state, message_id_header AS header,
           enrolment.state AS enrolment, attempts,
           (SELECT count(*) FROM message_event WHERE message_id = message.id AND message_event.state = 'claimed') AS claims
    FROM message LEFT JOIN enrolment ON enrolment.id = message.enrolment_id`);
}

/** Invariants 5 and 11: nothing arrives twice, what is called accepted has arrived, what never had a claim has not. */
function checkArrivals(rows: readonly MessageRow[], mails: readonly ReceivedMail[]): void {
  const arrived = new Map<string, number>();
  for (const { messageId } of mails) arrived.set(messageId, (arrived.get(messageId) ?? 0) + 1);
  const known = new Set(rows.map(({ header }) => header));
  for (const { messageId, to } of mails)
    if (!known.has(messageId)) throw new Error(`a mail to ${to} that no message stands for: ${messageId}`);
  for (const { header, state, step } of rows) {
    const times = arrived.get(header) ?? 0;
    const allowed = state === 'accepted' ? [1] : state === 'unknown' ? [0, 1] : [0];
    if (!allowed.includes(times))
      throw new Error(`message ${header} (${step ?? 'offer'}) is ${state} and arrived ${times} times`);
  }
}

/** Invariant 1, by the order of commits: no mail to a lead is claimed once it is offered to sales (nobody closes handoffs here). */
async function checkSilence(database: Database): Promise<void> {
  const broken = await database.query<{ leadId: string }>(sql`
    SELECT message.lead_id AS "leadId" FROM message_event
    JOIN message ON message.id = message_id AND recipient_kind = 'lead'
    JOIN handoff ON handoff.lead_id = message.lead_id
    JOIN audit ON audit.action = 'handoff.offered' AND audit.subject_id = handoff.id::text
    WHERE message_event.state = 'claimed' AND pg_xact_commit_timestamp(message_event.xmin) > pg_xact_commit_timestamp(audit.xmin)`);
  if (broken.length > 0)
    throw new Error(`claimed while sales had the lead: ${broken.map(({ leadId }) => leadId).join(', ')}`);
}

/** Everybody who is ready is offered once, to somebody, and that somebody was written to; nobody else is. */
async function checkOffers(database: Database, ready: ReadonlySet<string>): Promise<void> {
  const rows = await database.query<{ leadId: string; owner: string | null; mails: number }>(sql`
    SELECT lead_id AS "leadId", owner_key AS owner,
           (SELECT count(*) FROM message WHERE handoff_id = handoff.id AND state IN ('accepted', 'unknown')) AS mails FROM handoff`);
  const offered = rows.map(({ leadId }) => leadId).sort();
  const expected = [...ready].sort();
  if (offered.join() !== expected.join())
    throw new Error(`${offered.length} leads were offered, ${expected.length} were ready`);
  for (const { leadId, owner, mails } of rows) {
    if (owner === null || mails !== 1) throw new Error(`the offer of ${leadId} has owner ${owner} and ${mails} mails`);
  }
}

/** Who went through the whole sequence got each of its mails; where a mail is missing, its state says so. */
function checkSteps(rows: readonly MessageRow[]): void {
  const byLead = groupBy(
    rows.filter(({ kind, enrolment }) => kind === 'lead' && enrolment === 'completed'),
    ({ leadId }) => leadId,
  );
  if (byLead.size === 0) throw new Error('nobody went through the sequence');
  for (const [leadId, messages] of byLead) {
    const steps = messages
      .map(({ step }) => step)
      .sort()
      .join();
    if (!['hello,more,reminder,thanks', 'hello,more,thanks'].includes(steps))
      throw new Error(`lead ${leadId} got ${steps}`);
  }
}

/** Invariants 4 and 6: each event is stored once and scored once, and the standing is their fold. */
async function checkScores(database: Database, leads: readonly TestLead[], sent: readonly TestEvent[]): Promise<void> {
  const stored = await database.query<Interaction & { leadId: string | null; assessed: boolean }>(sql`
    SELECT id, source, message_id AS "messageId", kind, name, properties, occurred_at AS "occurredAt", lead_id AS "leadId",
           assessed_at IS NOT NULL AS assessed FROM interaction WHERE source = 'website'`);
  const expected = sent
    .map(({ messageId }) => messageId)
    .sort()
    .join();
  if (
    stored
      .map(({ messageId }) => messageId)
      .sort()
      .join() !== expected
  )
    throw new Error(`${sent.length} events were taken in, ${stored.length} are stored`);
  const late = stored.filter(({ assessed }) => !assessed);
  if (late.length > 0) throw new Error(`${late.length} events were never assessed`);
  const standings = await database.query<{ leadId: string; points: number; interactions: number; ledger: number }>(sql`
    SELECT lead_id AS "leadId", points, interactions,
           (SELECT coalesce(sum(points), 0) FROM score_ledger WHERE lead_id = standing.lead_id AND superseded_at IS NULL) AS ledger
    FROM standing`);
  const standingOf = new Map(standings.map((standing) => [standing.leadId, standing]));
  const byLead = groupBy(stored, ({ leadId }) => leadId);
  for (const { id } of leads) {
    const history = (byLead.get(id) ?? []).sort(compareFoldOrder);
    const { standing } = foldAll(model, history);
    const found = standingOf.get(id);
    if (
      found?.points !== standing.points ||
      found.ledger !== standing.points ||
      found.interactions !== history.length
    ) {
      throw new Error(
        `lead ${id} stands at ${JSON.stringify(found)}, its ${history.length} interactions are worth ${standing.points}`,
      );
    }
  }
  const parked = await database.query<{ error: string }>(
    sql`SELECT parked_error AS error FROM lead WHERE parked_at IS NOT NULL`,
  );
  if (parked.length > 0) throw new Error(`${parked.length} leads are parked: ${parked[0]?.error}`);
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
