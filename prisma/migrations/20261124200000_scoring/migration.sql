-- Points fade, so they are no whole numbers any more; what they are at an instant is computed from fold_state.
ALTER TABLE "standing" ALTER COLUMN "points" TYPE DOUBLE PRECISION, ALTER COLUMN "firm_points" TYPE DOUBLE PRECISION;
ALTER TABLE "standing" ADD COLUMN "grade" TEXT, ADD COLUMN "band" INTEGER, ADD COLUMN "standing_at" TIMESTAMPTZ(3), ADD COLUMN "held" TEXT;
ALTER TABLE "standing" ADD CONSTRAINT "standing_grade" CHECK ("grade" IN ('A', 'B', 'C', 'D'));
ALTER TABLE "standing" ADD CONSTRAINT "standing_band" CHECK ("band" BETWEEN 1 AND 4);
ALTER TABLE "standing" ADD CONSTRAINT "standing_held" CHECK ("held" IN ('hand-off', 'next-interaction', 'never'));
-- Those whom a publishing made ready for sales, and who wait for their turn.
ALTER TABLE "standing" ADD COLUMN "released_at" TIMESTAMPTZ(3);
CREATE INDEX "standing_held_back" ON "standing"("model_version_id", "held", "firm_points" DESC) WHERE "held" IS NOT NULL;
-- How many of them had their turn in the last 24 hours.
CREATE INDEX "standing_released" ON "standing"("model_key", "released_at") WHERE "released_at" IS NOT NULL;
-- Whose offer is really held back: not who is a customer, whom sales has, or whom it gave back since that qualified.
CREATE VIEW "held_back" AS
SELECT "standing"."lead_id", "standing"."model_version_id", "standing"."held", "standing"."firm_points"
FROM "standing" JOIN "lead" ON "lead"."id" = "standing"."lead_id"
JOIN "definition_version" AS "version" ON "version"."id" = "standing"."model_version_id"
WHERE "standing"."held" IS NOT NULL AND "standing"."qualified" AND "standing"."assessed_at" >= "version"."published_at"
  AND "lead"."stage" = 'lead' AND "lead"."merged_into" IS NULL AND "lead"."erased_at" IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM "handoff" WHERE "handoff"."lead_id" = "lead"."id"
      AND ("handoff"."state" <> 'closed'
        OR ("handoff"."trigger"->>'modelKey' = "standing"."model_key" AND "handoff"."closed_at" >= "standing"."qualified_since")));

-- The fold's state has another shape: everybody is scored from the start, once. Standings of versions that are not live
-- are made again when they are asked for.
DELETE FROM "standing";
UPDATE "lead" SET "refold" = true WHERE "merged_into" IS NULL AND "erased_at" IS NULL;

-- Silence is noted several times since one interaction.
DROP INDEX "score_ledger_in_force";
CREATE UNIQUE INDEX "score_ledger_in_force" ON "score_ledger"("interaction_id", "model_version_id", "rule", "occurred_at") WHERE "superseded_at" IS NULL;

-- A click or open that a machine made gives nothing, from the start.
ALTER TABLE "interaction" ADD COLUMN "discounted_as" TEXT, ADD COLUMN "discounted_at" TIMESTAMPTZ(3);
ALTER TABLE "interaction" ADD CONSTRAINT "interaction_discounted" CHECK (num_nulls("discounted_as", "discounted_at") <> 1);

-- A version that is computed beside the live one, and that nothing acts on.
ALTER TABLE "definition" ADD COLUMN "shadow_version_id" BIGINT;
-- Why it was published, and what becomes of leads whose cell that changes.
ALTER TABLE "definition_version" ADD COLUMN "publication" JSONB;

CREATE TABLE "definition_approval" (
    "id" BIGSERIAL NOT NULL,
    "version_id" BIGINT NOT NULL,
    "party" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "note" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "definition_approval_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "definition_approval_party" CHECK ("party" IN ('marketing', 'sales'))
);
CREATE UNIQUE INDEX "definition_approval_version_id_party_key" ON "definition_approval"("version_id", "party");
ALTER TABLE "definition_approval" ADD CONSTRAINT "definition_approval_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "definition_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

CREATE TABLE "model_replay" (
    "id" UUID NOT NULL,
    "version_id" BIGINT NOT NULL,
    "against_version_id" BIGINT,
    "per_week" INTEGER,
    "state" TEXT NOT NULL,
    "leads" INTEGER NOT NULL DEFAULT 0,
    "leads_done" INTEGER NOT NULL DEFAULT 0,
    "after" UUID,
    "report" JSONB,
    "error" TEXT,
    "asked_by" TEXT NOT NULL,
    "asked_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "model_replay_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "model_replay_state" CHECK ("state" IN ('waiting', 'running', 'done', 'cancelled', 'failed'))
);
CREATE INDEX "model_replay_open" ON "model_replay"("asked_at") WHERE "state" IN ('waiting', 'running');
ALTER TABLE "model_replay" ADD CONSTRAINT "model_replay_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "definition_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
