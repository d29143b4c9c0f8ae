import type { AttributeSource } from '../attributes/statement.ts';
import type { FrequencyPromise } from '../consent/consent.ts';
import type { HandoffOutcome } from '../handoff/outcome.ts';
import type { Instant } from '../instant.ts';
import type { InteractionKind, Json, Properties } from '../interaction/interaction.ts';

/** Something that happens to a simulated lead from outside: what it does, and what is done about it. Heard of at `at`. */
export type Happening = { readonly at: Instant } & (
  | {
      readonly kind: 'interaction';
      readonly event: string;
      readonly as: InteractionKind;
      readonly properties: Properties;
      /** When it was done; default: as it is heard of. */
      readonly occurredAt?: Instant | undefined;
      /** The same one twice counts once. */
      readonly messageId?: string | undefined;
    }
  /** Opens, clicks, unsubscribes by, or answers a mail: the one of this id, or the last one of this template. */
  | {
      readonly kind: 'reaction';
      readonly reaction: 'opens' | 'clicks' | 'unsubscribes';
      readonly mail: string;
      readonly url?: string | undefined;
    }
  | { readonly kind: 'answer'; readonly mail: string; readonly value: Json }
  | {
      readonly kind: 'told';
      readonly of: 'lead' | 'account';
      readonly values: Readonly<Record<string, Json>>;
      readonly source: AttributeSource;
      readonly saidAt?: Instant | undefined;
    }
  | {
      readonly kind: 'consent';
      readonly action: 'granted' | 'withdrawn';
      readonly purpose: string;
      readonly promise?: FrequencyPromise | undefined;
    }
  | { readonly kind: 'enrol'; readonly sequence: string }
  | { readonly kind: 'accept' }
  /** Sales is done with the lead; one that nobody accepted is accepted first, unless it is rejected. */
  | { readonly kind: 'outcome'; readonly outcome: HandoffOutcome }
);
