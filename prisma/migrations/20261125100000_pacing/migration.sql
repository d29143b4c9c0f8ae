-- Pacing policies and mailings are kinds of definitions.
ALTER TABLE "definition" DROP CONSTRAINT "definition_kind";
ALTER TABLE "definition" ADD CONSTRAINT "definition_kind" CHECK ("kind" IN ('scoring_model', 'sequence', 'template', 'attributes', 'pacing', 'mailing'));

-- What was taken of each limit on mails a minute. A rate such as 7 a minute is no whole number of milliseconds, so these
-- instants have microseconds. They are written at each claim: pages are left room, so that no index entry is made.
CREATE TABLE "throttle" (
    "key" TEXT NOT NULL,
    "next_at" TIMESTAMPTZ(6),
    "hint_at" TIMESTAMPTZ(6),

    CONSTRAINT "throttle_pkey" PRIMARY KEY ("key")
);
ALTER TABLE "throttle" ADD CONSTRAINT "throttle_taken" CHECK (num_nulls("next_at", "hint_at") <> 1);
ALTER TABLE "throttle" SET (fillfactor = 10);
