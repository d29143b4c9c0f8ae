-- Mailings: one mail to an audience at an instant. Its version is the definition; a run is one time that it goes.
CREATE TABLE "mailing_run" (
    "id" UUID NOT NULL,
    "mailing_key" TEXT NOT NULL,
    "version_id" BIGINT NOT NULL,
    "state" TEXT NOT NULL,
    "time" JSONB NOT NULL,
    "begins_at" TIMESTAMPTZ(3) NOT NULL,
    "scheduled_at" TIMESTAMPTZ(3) NOT NULL,
    "scheduled_by" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "not_before" TIMESTAMPTZ(3),
    "after" UUID,
    "selected_at" TIMESTAMPTZ(3),
    "leads" INTEGER,
    "leads_done" INTEGER NOT NULL DEFAULT 0,
    "audience" INTEGER NOT NULL DEFAULT 0,
    "enrolled" INTEGER NOT NULL DEFAULT 0,
    "skipped" JSONB NOT NULL DEFAULT '{}',
    "paused_at" TIMESTAMPTZ(3),
    "error" TEXT,
    "finished_at" TIMESTAMPTZ(3),
    CONSTRAINT "mailing_run_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "mailing_run_state" CHECK ("state" IN ('scheduled', 'sending', 'paused', 'done', 'cancelled')),
    CONSTRAINT "mailing_run_paused" CHECK (("state" = 'paused') <= ("paused_at" IS NOT NULL))
);
ALTER TABLE "mailing_run" ADD CONSTRAINT "mailing_run_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "definition_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
CREATE INDEX "mailing_run_mailing_key_scheduled_at_idx" ON "mailing_run"("mailing_key", "scheduled_at");
-- A mailing goes once at a time; and what a worker looks through each second.
CREATE UNIQUE INDEX "mailing_run_one_under_way" ON "mailing_run"("mailing_key") WHERE "state" IN ('scheduled', 'sending', 'paused');
CREATE INDEX "mailing_run_unfinished" ON "mailing_run"("begins_at") WHERE "finished_at" IS NULL;

-- Who is in a mailing, for its report, and to take nobody twice.
CREATE INDEX "enrolment_of_mailing" ON "enrolment"("sequence_version_id", "lead_id") WHERE "entered_by" = 'mailing';
