import type { Instant } from '../domain/instant.ts';
import type { Offer } from '../domain/journey/journey-plan.ts';
import type { JourneySnapshot } from '../domain/journey/snapshot.ts';
import type { Transaction } from './database.ts';
import { newId } from './new-id.ts';
import { at, sql } from './sql.ts';

/** Offers a lead to sales: the row is the offer, and marketing is silent from its commit on. Returns its id. */
export async function insertHandoff(
  transaction: Transaction,
  leadId: string,
  offer: Offer,
  { standings }: JourneySnapshot,
  now: Instant,
): Promise<string> {
  const id = newId();
  const inFlight = await transaction.query<{ id: string }>(sql`
    SELECT id FROM message WHERE lead_id = ${leadId}::uuid AND recipient_kind = 'lead' AND state = 'claimed'`);
  const { trigger, rule, modelVersionId } = triggerOf(offer, standings);
  const stored = { ...trigger, inFlight: inFlight.map((message) => message.id) };
  await transaction.query(sql`
    INSERT INTO handoff (id, lead_id, state, trigger, model_version_id, offered_at)
    VALUES (${id}::uuid, ${leadId}::uuid, 'offered', ${JSON.stringify(stored)}::jsonb, ${modelVersionId}::bigint, ${at(now)})`);
  await transaction.query(sql`
    INSERT INTO audit (at, actor_kind, actor, action, subject_kind, subject_id, detail)
    VALUES (${at(now)}, 'rule', ${rule}, 'handoff.offered', 'handoff', ${id}, ${JSON.stringify({ leadId, ...stored })}::jsonb)`);
  return id;
}

function triggerOf(offer: Offer, standings: JourneySnapshot['standings']) {
  if (offer.by === 'standing') {
    const { standing } = offer;
    return { trigger: standing, rule: `scoring model ${standing.modelKey}`, modelVersionId: standing.modelVersionId };
  }
  const { sequence, stepId, reason } = offer;
  // The score did not make it, but whoever is asked wants to see it.
  const [best] = [...standings].sort((a, b) => b.firmPoints - a.firmPoints);
  const score = {
    points: best?.points ?? 0,
    firmPoints: best?.firmPoints ?? 0,
    threshold: null,
    cell: best?.cell ?? null,
  };
  const trigger = { sequence, step: stepId, reason, ...score };
  return { trigger, rule: `sequence ${sequence}`, modelVersionId: best?.modelVersionId ?? null };
}
