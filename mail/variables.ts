import { chooseLocale } from '../domain/definition/template.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { Sender } from '../domain/sender/sender.ts';
import { inWordsOf, type Question } from '../domain/sequence/question.ts';
import { Lines } from './lines.ts';

/** What a template's Liquid can name. */
export type MailVariables = { readonly [name: string]: MailValue };
type MailValue = Json | Lines | MailVariables;

/** A lead's current attributes by name, such as `{ firstName: 'Tanja', interests: ['painting'] }`. */
export type CurrentAttributes = { readonly [name: string]: Json };

/**
 * The variables of a mail to a lead: each known attribute by its name, and `email`. `unsubscribeUrl` is added when the
 * mail is composed. What is empty counts as not known, so that a template cannot greet nobody.
 */
export function leadVariables(lead: { readonly email: string; readonly attributes: CurrentAttributes }): MailVariables {
  return { ...knownOnly(lead.attributes), email: lead.email };
}

/**
 * Whose mail it is, for a reader of `locale`: `imprint`, who is responsible for it, and `sender` with `name`, `email`
 * and, where it has such pages, `imprintUrl` and `privacyUrl`. The imprint is not known where the sender has none.
 */
export function senderVariables({ name, from, imprint, links }: Sender, locale: string): MailVariables {
  const [, shown = '', address = from.trim()] = /^(.*?)<([^<>]+)>\s*$/.exec(from) ?? [];
  const [first] = Object.keys(imprint);
  const words = first === undefined ? undefined : imprint[chooseLocale(Object.keys(imprint), locale, first)];
  return {
    ...(words === undefined ? {} : { imprint: new Lines(words) }),
    sender: {
      name: shown.replace(/^\s*"|"\s*$/g, '').trim() || name,
      email: address,
      ...(links.imprint === undefined ? {} : { imprintUrl: links.imprint }),
      ...(links.privacy === undefined ? {} : { privacyUrl: links.privacy }),
    },
  };
}

/**
 * The variable of a mail that asks, in the words of the mail's `locale`: `question` with its `text`, its `choices` as
 * `{ label, url }`, the `url` of the page that takes whatever answer, and the `attribute` asked for, by which a template
 * may say it in words of its own. `urlOf` gives the page's address, with the choice of that place (from 1) chosen.
 */
export function questionVariables(
  question: Question,
  locale: string,
  urlOf: (choice?: number) => string,
): { readonly question: CurrentAttributes } {
  const { text, labels } = inWordsOf(question, locale);
  return {
    question: {
      attribute: question.attribute,
      text,
      choices: labels.map((label, index) => ({ label, url: urlOf(index + 1) })),
      url: urlOf(),
    },
  };
}

/** What colleagues call attributes, by name, such as `{ presentTariff: 'Present tariff' }`. */
export type AttributeLabels = Readonly<Record<string, string>>;

/** One line of a score's explanation. `at` is ISO 8601. */
export interface ExplainedPoint {
  readonly points: number;
  /** The rule's name, or its id where it has none. */
  readonly rule: string;
  /** The interaction's name. */
  readonly interaction: string;
  readonly at: string;
}

/** Everything that marketing knows of a lead, for the representative who is asked to take it. Instants are ISO 8601. */
export interface RepMailFacts {
  readonly rep: { readonly key: string; readonly name: string; readonly email: string };
  readonly handoff: {
    readonly id: string;
    readonly offeredAt: string;
    readonly acceptBy: string | null;
    readonly points: number;
    /** Firm points from which on a lead goes to sales; null where cells of the grid decide. */
    readonly threshold: number | null;
    /** The lead's cell, such as A1; null where points alone decide. */
    readonly cell: string | null;
    /** The name of the sequence whose step offers the lead; null where its score does. */
    readonly sequence: string | null;
    /** What that step says why; null where it says nothing. */
    readonly reason: string | null;
  };
  readonly lead: { readonly id: string; readonly email: string | null; readonly attributes: CurrentAttributes };
  /** What attributes are called, by name; absent: by their names. */
  readonly labels?: AttributeLabels;
  readonly points: readonly ExplainedPoint[];
}

/**
 * The variables of a mail to a representative: `rep`, `handoff`, `lead` (with `lead.profile`, a list of
 * `{ name, label, value }`), `points`, and `accept`, which says how to take the lead.
 */
export function repVariables(facts: RepMailFacts, publicUrl: string): MailVariables {
  const { lead, labels } = facts;
  return {
    rep: facts.rep,
    handoff: facts.handoff,
    lead: { id: lead.id, email: lead.email, ...profileOf(lead.attributes, labels) },
    points: facts.points.map((point) => ({ ...point })),
    accept: {
      url: `${publicUrl}/api/handoffs/${facts.handoff.id}/accept`,
      rejectUrl: `${publicUrl}/api/handoffs/${facts.handoff.id}/reject`,
      leadUrl: `${publicUrl}/api/leads/${lead.id}`,
      body: JSON.stringify({ rep: facts.rep.key }),
    },
  };
}

/** A lead as a step of a sequence tells a colleague of it. */
export interface ColleagueMailFacts {
  readonly colleague: { readonly key: string; readonly name: string; readonly email: string };
  readonly lead: {
    readonly id: string;
    readonly email: string | null;
    readonly attributes: CurrentAttributes;
    readonly stage: string;
  };
  /** What attributes are called, by name; absent: by their names. */
  readonly labels?: AttributeLabels;
  readonly sequence: { readonly key: string; readonly name: string };
  /** The step's id. */
  readonly step: string;
  readonly standings: readonly {
    readonly model: string;
    readonly points: number;
    /** Null where the model has neither grades nor bands. */
    readonly cell: string | null;
  }[];
}

/**
 * The variables of a mail that tells a colleague of a lead: `colleague`, `lead` (as for a representative, and
 * `lead.stage`), `sequence`, `step`, `standings` (where the lead stands under each model), and `links` to the API.
 */
export function colleagueVariables(facts: ColleagueMailFacts, publicUrl: string): MailVariables {
  const { colleague, lead, labels, sequence, step, standings } = facts;
  const url = `${publicUrl}/api/leads/${lead.id}`;
  return {
    colleague,
    lead: { id: lead.id, email: lead.email, stage: lead.stage, ...profileOf(lead.attributes, labels) },
    sequence,
    step,
    standings: standings.map((standing) => ({ ...standing })),
    links: { lead: url, why: `${url}/why` },
  };
}

/** What a person wrote in answer to a mail, for the colleague who is to read it. `at` is ISO 8601. */
export interface ReplyMailFacts {
  /** `name`: null where the mail goes to a mailbox and to nobody by name. */
  readonly colleague: { readonly name: string | null; readonly email: string };
  readonly reply: { readonly from: string; readonly subject: string; readonly text: string; readonly at: string };
  readonly lead: ColleagueMailFacts['lead'];
  /** What colleagues call attributes, by name; absent: by their names. */
  readonly labels?: AttributeLabels;
}

/**
 * The variables of a mail that forwards a lead's answer: `reply` (`from`, `subject`, `text`, `at`), `colleague`, `lead` and
 * `links` as in other mails to colleagues.
 */
export function replyVariables({ colleague, reply, lead, labels }: ReplyMailFacts, publicUrl: string): MailVariables {
  const url = `${publicUrl}/api/leads/${lead.id}`;
  return {
    colleague: { email: colleague.email, ...(colleague.name === null ? {} : { name: colleague.name }) },
    reply: { ...reply, text: new Lines(reply.text) },
    lead: { id: lead.id, email: lead.email, stage: lead.stage, ...profileOf(lead.attributes, labels) },
    links: { lead: url, why: `${url}/why` },
  };
}

/** What is known of a lead, by name and as a list for reading. */
function profileOf(
  attributes: CurrentAttributes,
  labels: AttributeLabels = {},
): { readonly attributes: CurrentAttributes; readonly profile: Json } {
  const known = knownOnly(attributes);
  return {
    attributes: known,
    profile: Object.entries(known).map(([name, value]) => ({
      name,
      label: labels[name] ?? name,
      value: inWords(value),
    })),
  };
}

function knownOnly(attributes: CurrentAttributes): CurrentAttributes {
  const known: Record<string, Json> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || (typeof value === 'string' && value.trim() === '')) continue;
    known[name] = value;
  }
  return known;
}

function inWords(value: Json): string {
  if (Array.isArray(value)) return value.map((item: Json) => inWords(item)).join(', ');
  if (value !== null && typeof value === 'object') {
    const entries: [string, Json][] = Object.entries(value);
    return entries.map(([name, item]) => `${name}: ${inWords(item)}`).join(', ');
  }
  return String(value);
}
