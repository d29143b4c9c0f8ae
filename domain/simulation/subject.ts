import { attributeHistory, type KnownOverTime } from '../attributes/history.ts';
import type { AttributeSource, Statement } from '../attributes/statement.ts';
import { type Calendar, calendarOf } from '../calendar/calendar.ts';
import { residenceOf } from '../calendar/residence.ts';
import { type ConsentRecord, type ConsentState, consentState } from '../consent/consent.ts';
import { withStaleness } from '../consent/staleness.ts';
import type { HandoffOutcome } from '../handoff/outcome.ts';
import type { Instant } from '../instant.ts';
import { compareFoldOrder, type Interaction, type Json } from '../interaction/interaction.ts';
import type { FoldedStanding } from '../journey/present-standings.ts';
import type { EnrolmentInForce } from '../journey/snapshot.ts';
import type { LeadStage } from '../lead-stage.ts';
import type { SentMail } from '../pacing/next-allowed.ts';
import type { ScoringModel } from '../scoring/model.ts';
import { profileOverTime } from '../scoring/profile-over-time.ts';
import type { ProfileView } from '../scoring/profile-view.ts';
import type { MessageInForce } from '../sending/message.ts';
import type { LifeEntry } from './life.ts';
import { viewOf, type World } from './world.ts';

/** An enrolment with what the store keeps beside it. */
export type SubjectEnrolment = EnrolmentInForce & {
  readonly versionId: number;
  readonly state: 'entering' | 'active' | 'completed' | 'left' | 'turned-away';
  readonly endedAt: Instant | null;
  readonly awaits: readonly string[];
  readonly exhausted: boolean;
};

export type SubjectMessage = MessageInForce & { readonly attempts: number };

export interface SubjectHandoff {
  readonly number: number;
  /** Null: a step offered it. */
  readonly modelKey: string | null;
  state: 'offered' | 'accepted' | 'closed';
  closedAt: Instant | null;
  outcome: HandoffOutcome | null;
}

/** Who is to be simulated. */
export interface NewLead {
  readonly number: number;
  readonly persona: string;
  /** Splits assign people by it. */
  readonly id: string;
  readonly arrivesAt: Instant;
  readonly address: string;
  /** As stated; null: it was not. */
  readonly timeZone: string | null;
}

/** A lead while it is lived: what PostgreSQL holds of it in an installation. It is changed in place. */
export class Subject {
  readonly world: World;
  readonly lead: NewLead;
  stage: LeadStage = 'lead';
  readonly consents: ConsentRecord[] = [];
  readonly standings = new Map<number, FoldedStanding>();
  /** Assessed, in fold order. */
  readonly history: Interaction[] = [];
  /** Of the history what sequences may ask for, in fold order. */
  events: Interaction[] = [];
  /** Not assessed yet. */
  news: Interaction[] = [];
  /** Attributes were told without an interaction that brings them: everything is folded anew. */
  refold = false;
  enrolments: SubjectEnrolment[] = [];
  messages: SubjectMessage[] = [];
  /** Mails that were claimed, ascending, and their lineages. */
  readonly sent: SentMail[] = [];
  readonly received = new Set<string>();
  readonly conditionsHeld = new Set<string>();
  readonly handoffs: SubjectHandoff[] = [];
  nextLookAt: Instant | null = null;
  planned = false;
  readonly entries: LifeEntry[] = [];

  readonly #statements: { readonly lead: Statement[]; readonly account: Statement[] } = { lead: [], account: [] };
  readonly #messageIds = new Set<string>();
  readonly #profiles = new Map<ScoringModel, ProfileView>();
  #known: KnownOverTime | null = null;
  #calendar: { readonly calendar: Calendar; readonly from: Instant; readonly until: Instant | null } | null = null;
  #count = 0;

  constructor(world: World, lead: NewLead) {
    this.world = world;
    this.lead = lead;
  }

  /** Ids ascend in the order in which they are made, as the store's do. */
  newId(prefix: string): string {
    this.#count += 1;
    return `${prefix}${String(this.#count).padStart(6, '0')}`;
  }

  /** As the store works it out: what was said, and whether it has gone stale since. */
  consentTo(purpose: string): ConsentState {
    const lastSentAt = this.sent.findLast((mail) => mail.purpose === purpose)?.at ?? null;
    return withStaleness(consentState(this.consents, purpose), this.world.consentPolicy.staleness, lastSentAt);
  }

  note(entry: LifeEntry): void {
    this.entries.push(entry);
  }

  /** Takes in what it did. The same message id twice counts once. */
  take(interaction: Omit<Interaction, 'id'>): boolean {
    const key = `${interaction.source} ${interaction.messageId}`;
    if (this.#messageIds.has(key)) return false;
    this.#messageIds.add(key);
    this.news.push({ ...interaction, id: this.#messageIds.size });
    return true;
  }

  /** Moves the news into the history. */
  remember(): void {
    const { asksFor } = viewOf(this.world);
    for (const interaction of this.news) {
      insert(this.history, interaction);
      if (!asksFor(interaction)) continue;
      // A new list: plans that were made look at the old one.
      this.events = [...this.events];
      insert(this.events, interaction);
    }
    this.news = [];
  }

  /** Records what somebody says about the lead, or its company. */
  say(of: 'lead' | 'account', values: Readonly<Record<string, Json>>, source: AttributeSource, at: Instant): void {
    const statements = this.#statements[of];
    for (const [name, value] of Object.entries(values)) {
      const id = this.#statements.lead.length + this.#statements.account.length + 1;
      statements.push({ id, name, value, source, at, confidence: 1 });
    }
    this.#forget();
  }

  enterStage(stage: LeadStage): void {
    this.stage = stage;
    this.#forget();
  }

  #forget(): void {
    this.#known = null;
    this.#calendar = null;
    this.#profiles.clear();
  }

  /** What is known of it and its company, over time. */
  attributes(): KnownOverTime {
    this.#known ??= attributeHistory(this.world.vocabulary, { stage: this.stage, ...this.#statements });
    return this.#known;
  }

  profileOf(model: ScoringModel): ProfileView {
    let profile = this.#profiles.get(model);
    if (profile === undefined) {
      profile = profileOverTime(model, this.attributes());
      this.#profiles.set(model, profile);
    }
    return profile;
  }

  calendar(now: Instant): Calendar {
    const last = this.#calendar;
    if (last !== null && now >= last.from && (last.until === null || now < last.until)) return last.calendar;
    const attributes = this.attributes();
    const { timeZone, country, region } = this.world.pacing;
    const installation = { timeZone, country: country ?? null, region: region ?? null };
    const calendar = calendarOf(residenceOf(this.lead.timeZone, attributes.factsAt(now).lead), installation);
    this.#calendar = { calendar, from: now, until: attributes.nextAfter(now) };
    return calendar;
  }

  get openHandoff(): SubjectHandoff | undefined {
    return this.handoffs.find(({ state }) => state !== 'closed');
  }

  /** Attributes that it was asked for, answered or not. */
  askedBefore(): Set<string> {
    const put = this.messages.filter(({ state }) => state !== 'dropped' && state !== 'superseded');
    return new Set(put.flatMap(({ question }) => question?.attribute ?? []));
  }

  change(message: SubjectMessage, change: Partial<SubjectMessage>): SubjectMessage {
    const changed = { ...message, ...change };
    this.messages[this.messages.indexOf(message)] = changed;
    return changed;
  }
}

function insert(list: Interaction[], interaction: Interaction): void {
  let index = list.length;
  while (index > 0 && compareFoldOrder(list[index - 1] as Interaction, interaction) > 0) index -= 1;
  list.splice(index, 0, interaction);
}
