-- A mail that is sent again although nobody knows whether it has left: the claim of then counts as sent for every cap and
-- promise, whatever becomes of the mail now.
ALTER TABLE "message" ADD COLUMN "lost_claim_at" TIMESTAMPTZ(3);
CREATE INDEX "message_lost_claim" ON "message"("lead_id") WHERE "lost_claim_at" IS NOT NULL;

-- What decides the fate of a claim that ends without a result (domain/sending/lost-claim.ts): its sender's policy, whether it
-- is wanted still and was sent again before, and what has come back of it.
CREATE FUNCTION "if_lost"("mail" "message") RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'policy', coalesce((
      SELECT version."content"->>'unknown' FROM "definition" JOIN "definition_version" AS version ON version."id" = "live_version_id"
      WHERE "definition"."kind" = 'sender' AND "definition"."key" = coalesce("mail"."sender_key", 'default')), 'ask'),
    'sentAgain', "mail"."lost_claim_at" IS NOT NULL,
    'attempts', "mail"."attempts",
    -- What tells a colleague of the lead, and what no sequence sends, is wanted as long as there is the person.
    'wanted', CASE
      WHEN "mail"."recipient_kind" = 'colleague' OR "mail"."recipient_kind" = 'lead' AND "mail"."enrolment_id" IS NULL
        THEN (SELECT "erased_at" IS NULL FROM "lead" WHERE "id" = "mail"."lead_id")
      WHEN "mail"."enrolment_id" IS NOT NULL
        THEN (SELECT "state" = 'active' FROM "enrolment" WHERE "id" = "mail"."enrolment_id")
      ELSE coalesce((SELECT "state" = 'offered' AND "owner_key" = "mail"."rep_key" FROM "handoff" WHERE "id" = "mail"."handoff_id"), false)
    END,
    'proof', CASE
      WHEN "mail"."bounced_at" IS NOT NULL THEN 'bounce'
      WHEN "mail"."replied_at" IS NOT NULL OR "mail"."complained_at" IS NOT NULL THEN 'reply'
      ELSE (SELECT CASE WHEN "kind" = 'open' THEN 'open' ELSE 'click' END FROM "mail_hit" WHERE "message_id" = "mail"."id" LIMIT 1)
    END)
$$;
