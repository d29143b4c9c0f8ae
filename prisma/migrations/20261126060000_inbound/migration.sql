-- What comes back is acted on.

-- Which mails a receiving domain refused (each counts once), what says so, and which mail tries whether it takes mail again.
ALTER TABLE "receiving_domain"
  DROP COLUMN "failures",
  DROP COLUMN "failed_at",
  ADD COLUMN "refused" TEXT[] NOT NULL DEFAULT '{}',
  ADD COLUMN "refused_since" TIMESTAMPTZ(3),
  ADD COLUMN "evidence" TEXT,
  ADD COLUMN "probe" UUID,
  ADD COLUMN "probe_accepted_at" TIMESTAMPTZ(3),
  ADD COLUMN "closed_at" TIMESTAMPTZ(3),
  -- It has closed: whose mail waited for that is still to be woken.
  ADD COLUMN "to_wake" BOOLEAN NOT NULL DEFAULT false;
CREATE INDEX "receiving_domain_open" ON "receiving_domain"("domain") WHERE "opened_at" IS NOT NULL OR "to_wake";

-- Held because its reader has answered, until somebody sees to it or this instant comes, by the lead's own clock.
ALTER TABLE "enrolment"
  ADD COLUMN "paused_reason" TEXT,
  ADD COLUMN "paused_until" TIMESTAMPTZ(3);
CREATE INDEX "enrolment_paused_until" ON "enrolment"("paused_until") WHERE "paused_until" IS NOT NULL AND "ended_at" IS NULL;

-- What could not be processed is tried again later.
ALTER TABLE "inbound_mail" ADD COLUMN "next_attempt_at" TIMESTAMPTZ(3);

-- How many of a sender's mails were taken of late, and complained about. BRIN: mails are claimed in the order of time.
CREATE INDEX "message_claimed_at" ON "message" USING brin ("claimed_at");
CREATE INDEX "message_complained" ON "message"("sender_key", "complained_at") WHERE "complained_at" IS NOT NULL;

-- Something came back of its mails since it was judged.
ALTER TABLE "sender_health" ADD COLUMN "news" BOOLEAN NOT NULL DEFAULT true;

-- Of all that came back, what somebody should look at.
CREATE INDEX "inbound_mail_set_aside" ON "inbound_mail"("received_at") WHERE "outcome" = 'set-aside';
-- Looked at last first; and what is kept only to be looked at is forgotten.
CREATE INDEX "inbound_mail_received_at_id_idx" ON "inbound_mail"("received_at", "id");
CREATE INDEX "inbound_mail_forgotten" ON "inbound_mail"("processed_at") WHERE "lead_id" IS NULL;
