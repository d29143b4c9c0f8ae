import type { Json } from '../domain/interaction/interaction.ts';

/** What a template's Liquid can name. */
export type MailVariables = { readonly [name: string]: Json };

/** A lead's current attributes by name, such as `{ firstName: 'Tanja', interests: ['painting'] }`. */
export type CurrentAttributes = { readonly [name: string]: Json };

/**
 * The variables of a mail to a lead: each known attribute by its name, and `email`. `unsubscribeUrl` is added when the
 * mail is composed. What is empty counts as not known, so that a template cannot greet nobody.
 */
export function leadVariables(lead: { readonly email: string; readonly attributes: CurrentAttributes }): MailVariables {
  return { ...knownOnly(lead.attributes), email: lead.email };
}

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
  };
  readonly lead: { readonly id: string; readonly email: string | null; readonly attributes: CurrentAttributes };
  readonly points: readonly ExplainedPoint[];
}

/**
 * The variables of a mail to a representative: `rep`, `handoff`, `lead` (with `lead.profile`, a list of
 * `{ name, value }`), `points`, and `accept`, which says how to take the lead.
 */
export function repVariables(facts: RepMailFacts, publicUrl: string): MailVariables {
  const { attributes, ...lead } = facts.lead;
  const known = knownOnly(attributes);
  return {
    rep: facts.rep,
    handoff: facts.handoff,
    lead: {
      ...lead,
      attributes: known,
      profile: Object.entries(known).map(([name, value]) => ({ name, value: inWords(value) })),
    },
    points: facts.points.map((point) => ({ ...point })),
    accept: {
      url: `${publicUrl}/api/handoffs/${facts.handoff.id}/accept`,
      rejectUrl: `${publicUrl}/api/handoffs/${facts.handoff.id}/reject`,
      leadUrl: `${publicUrl}/api/leads/${lead.id}`,
      body: JSON.stringify({ rep: facts.rep.key }),
    },
  };
}

function knownOnly(attributes: CurrentAttributes): MailVariables {
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
