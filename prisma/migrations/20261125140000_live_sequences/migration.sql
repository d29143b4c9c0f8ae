-- Changing and steering live sequences: pauses that stop the clock, leads moved to a new version, publishing by a choice.

-- How long an enrolment, and its present step, were held: its expiry and its waits don't count that.
ALTER TABLE "enrolment" ADD COLUMN "held_ms" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "enrolment" ADD COLUMN "step_held_ms" BIGINT NOT NULL DEFAULT 0;
-- The last pause of its sequence that it was let out of.
ALTER TABLE "enrolment" ADD COLUMN "released_pause" BIGINT NOT NULL DEFAULT 0;
-- The last migration that has decided about it.
ALTER TABLE "enrolment" ADD COLUMN "migrated_by" UUID;
-- Why somebody took it out by hand, in their words.
ALTER TABLE "enrolment" ADD COLUMN "end_note" TEXT;
-- Where a stream has nothing more: { stream, track, cell }.
ALTER TABLE "enrolment" ADD COLUMN "gap" JSONB;
CREATE INDEX "enrolment_exhausted" ON "enrolment"("sequence_key") WHERE "exhausted";

-- The last publication of a sequence that a plan of this lead has seen: whoever is in an entry condition then was so before.
ALTER TABLE "lead" ADD COLUMN "publications_seen" BIGINT NOT NULL DEFAULT 0;

-- Pauses of a sequence. From `resumed_at` on people may come in again; those whom it held are let out one after the other,
-- until `released_at`.
CREATE TABLE "sequence_pause" (
    "id" BIGSERIAL NOT NULL,
    "sequence_key" TEXT NOT NULL,
    "paused_at" TIMESTAMPTZ(3) NOT NULL,
    "paused_by" TEXT NOT NULL,
    "resumed_at" TIMESTAMPTZ(3),
    "resumed_by" TEXT,
    "released_at" TIMESTAMPTZ(3),
    CONSTRAINT "sequence_pause_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "sequence_pause_open" ON "sequence_pause"("sequence_key", "id") WHERE "released_at" IS NULL;

-- What goes through many leads, in batches: any worker takes the next one, and goes on where the last one ended.
CREATE TABLE "sequence_job" (
    "id" UUID NOT NULL,
    "number" BIGSERIAL NOT NULL,
    "sequence_key" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "input" JSONB NOT NULL,
    "total" INTEGER,
    "done" INTEGER NOT NULL DEFAULT 0,
    "after" UUID,
    "result" JSONB NOT NULL DEFAULT '{}',
    "try_at" TIMESTAMPTZ(3),
    "error" TEXT,
    "asked_by" TEXT NOT NULL,
    "asked_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    CONSTRAINT "sequence_job_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "sequence_job_kind" CHECK ("kind" IN ('publish', 'pause', 'resume', 'migration')),
    CONSTRAINT "sequence_job_state" CHECK ("state" IN ('waiting', 'running', 'done', 'cancelled', 'failed'))
);
CREATE UNIQUE INDEX "sequence_job_number_key" ON "sequence_job"("number");
CREATE INDEX "sequence_job_open" ON "sequence_job"("sequence_key", "number") WHERE "state" IN ('waiting', 'running');

-- Whether an enrolment stands still: by hand, by a pause of its sequence, or by one that is over and has not let it out yet.
-- Who came in after a pause was over was never held by it.
CREATE VIEW "enrolment_hold" AS
SELECT "enrolment"."id",
       "enrolment"."paused_at" IS NOT NULL OR EXISTS (
           SELECT 1 FROM "sequence_pause" AS "pause"
           WHERE "pause"."sequence_key" = "enrolment"."sequence_key" AND "pause"."released_at" IS NULL
             AND "pause"."id" > "enrolment"."released_pause"
             AND ("pause"."resumed_at" IS NULL OR "enrolment"."started_at" < "pause"."resumed_at")) AS "held"
FROM "enrolment";
