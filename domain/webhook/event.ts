import type { Instant } from '../instant.ts';
import type { Json } from '../interaction/interaction.ts';

/** What of the lead is added to an event when it is sent. It is never stored with the event. */
export type WebhookInclude = 'profile' | 'score';

/** What a test of an endpoint sends. */
export const TEST_EVENT = 'webhook.test';

/** What is stored of an event: ids, keys and what a marketer wrote, nothing that is a person's. */
export interface WebhookPayload {
  readonly data: { readonly [name: string]: Json };
  readonly include: readonly WebhookInclude[];
}

/** Who an event is about, and where in a sequence it came from. */
export interface WebhookOrigin {
  readonly leadId: string | null;
  readonly enrolmentId: string | null;
  readonly stepId: string | null;
  readonly visit: number | null;
}

/** What is known of the lead when the event is sent. */
export interface WebhookLead {
  readonly profile?: {
    readonly email: string | null;
    /** The company's own id of this person, as its website gives it. */
    readonly userId: string | null;
    readonly locale: string | null;
    readonly stage: string;
    readonly company: string | null;
    readonly attributes: { readonly [name: string]: Json };
  };
  readonly score?: readonly {
    readonly model: string;
    readonly points: number;
    readonly firmPoints: number;
    readonly cell: string | null;
    readonly qualified: boolean;
  }[];
}

/**
 * The body of a request: `type`, `timestamp` and `data`, as Standard Webhooks advises. `timestamp` is when the event
 * occurred, the same in each attempt. `lead` is null where nothing was asked for, or where the person has been erased.
 */
export function webhookBody(
  event: { readonly type: string; readonly occurredAt: Instant; readonly payload: WebhookPayload } & WebhookOrigin,
  lead: WebhookLead | null,
): string {
  const { leadId, enrolmentId, stepId, visit, payload } = event;
  const ids = Object.entries({ leadId, enrolmentId, step: stepId, visit }).filter(([, value]) => value !== null);
  const data = { ...payload.data, ...Object.fromEntries(ids), ...(payload.include.length === 0 ? {} : { lead }) };
  return JSON.stringify({ type: event.type, timestamp: new Date(event.occurredAt).toISOString(), data });
}
