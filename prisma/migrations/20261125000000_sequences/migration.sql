-- Sequences: who wants in, how a lead went through them, loops, pauses, picked winners, and what conditions held before.

-- `entering`: an event brought the lead, and the next plan lets it in or turns it away.
ALTER TABLE "enrolment" DROP CONSTRAINT "enrolment_state";
ALTER TABLE "enrolment" ADD CONSTRAINT "enrolment_state" CHECK ("state" IN ('entering', 'active', 'completed', 'left', 'turned-away'));
DROP INDEX "enrolment_one_active_per_sequence";
CREATE UNIQUE INDEX "enrolment_one_active_per_sequence" ON "enrolment"("lead_id", "sequence_key") WHERE "state" IN ('entering', 'active');
ALTER TABLE "enrolment" ADD COLUMN "jumps" JSONB NOT NULL DEFAULT '{}';
ALTER TABLE "enrolment" ADD COLUMN "exhausted" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "enrolment" ADD COLUMN "paused_at" TIMESTAMPTZ(3);
ALTER TABLE "enrolment" ADD COLUMN "mails_from" TIMESTAMPTZ(3);
-- Reports and changes of a live sequence go through all who are in it.
CREATE INDEX "enrolment_in_sequence" ON "enrolment"("sequence_key", "id") WHERE "state" IN ('entering', 'active');

ALTER TABLE "definition" ADD COLUMN "paused_at" TIMESTAMPTZ(3);

-- Each step that an enrolment has done: what it went through, which arm, and when.
CREATE TABLE "step_pass" (
    "id" BIGSERIAL NOT NULL,
    "enrolment_id" UUID NOT NULL,
    "step_id" TEXT NOT NULL,
    "visit" INTEGER NOT NULL,
    "entered_at" TIMESTAMPTZ(3) NOT NULL,
    "passed_at" TIMESTAMPTZ(3) NOT NULL,
    "outcome" TEXT,
    CONSTRAINT "step_pass_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "step_pass_enrolment_id_id_idx" ON "step_pass"("enrolment_id", "id");
ALTER TABLE "step_pass" ADD CONSTRAINT "step_pass_enrolment_id_fkey" FOREIGN KEY ("enrolment_id") REFERENCES "enrolment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- The arm that somebody picked for all who come by from then on.
CREATE TABLE "split_winner" (
    "sequence_key" TEXT NOT NULL,
    "step_id" TEXT NOT NULL,
    "arm" TEXT NOT NULL,
    "picked_at" TIMESTAMPTZ(3) NOT NULL,
    "picked_by" TEXT NOT NULL,
    CONSTRAINT "split_winner_pkey" PRIMARY KEY ("sequence_key", "step_id")
);

-- Entry conditions that held when the lead was last planned: it comes in when one comes true, not as long as it is.
CREATE TABLE "entry_condition" (
    "lead_id" UUID NOT NULL,
    "sequence_key" TEXT NOT NULL,
    "held_since" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "entry_condition_pkey" PRIMARY KEY ("lead_id", "sequence_key")
);
ALTER TABLE "entry_condition" ADD CONSTRAINT "entry_condition_lead_id_fkey" FOREIGN KEY ("lead_id") REFERENCES "lead"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- In figures or a name, what the reason is in this case.
ALTER TABLE "message" ADD COLUMN "detail" TEXT;
-- A colleague is told of a lead by a step of a sequence.
ALTER TABLE "message" DROP CONSTRAINT "message_recipient";
ALTER TABLE "message" ADD CONSTRAINT "message_recipient" CHECK (("recipient_kind" = 'lead' AND "enrolment_id" IS NOT NULL) OR ("recipient_kind" = 'rep' AND "handoff_id" IS NOT NULL AND "rep_key" IS NOT NULL) OR ("recipient_kind" = 'colleague' AND "enrolment_id" IS NOT NULL AND "rep_key" IS NOT NULL));

-- What a sequence records of a lead is a statement like others.
ALTER TABLE "attribute" DROP CONSTRAINT "attribute_source";
ALTER TABLE "attribute" ADD CONSTRAINT "attribute_source" CHECK ("source" IN ('rep', 'form', 'website', 'api', 'import', 'agency', 'sequence'));

-- A marketer walks through a sequence with a test lead: its clock is ahead by this much.
ALTER TABLE "lead" ADD COLUMN "test" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "lead" ADD COLUMN "clock_offset_ms" BIGINT NOT NULL DEFAULT 0;
