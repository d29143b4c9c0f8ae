import type { Actor } from '../domain/actor.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { Transaction } from './database.ts';
import { at, sql } from './sql.ts';

/** A change, for the append-only audit. */
export interface AuditEntry {
  readonly actor: Actor;
  readonly at: Instant;
  /** What was done, as `handoff.accepted`. */
  readonly action: string;
  /** lead | handoff | definition | installation | rep | api_key | webhook_endpoint | webhook_delivery */
  readonly subjectKind: string;
  readonly subjectId: string;
  /** Keys, ids and numbers, no personal data: audit rows outlive the person's erasure. */
  readonly detail?: { readonly [name: string]: Json };
}

/** Puts who did what on record, in the transaction that does it. */
export async function recordAudit(transaction: Transaction, entry: AuditEntry): Promise<void> {
  await transaction.query(sql`
    INSERT INTO audit (at, actor_kind, actor, action, subject_kind, subject_id, detail)
    VALUES (${at(entry.at)}, ${entry.actor.kind}, ${entry.actor.name}, ${entry.action}, ${entry.subjectKind}, ${entry.subjectId},
            ${entry.detail === undefined ? null : JSON.stringify(entry.detail)}::jsonb)`);
}
