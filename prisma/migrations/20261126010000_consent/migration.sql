-- The mail that was confirmed, as it stood when it was: a court asks for that very mail (BGH I ZR 164/09).
ALTER TABLE "consent" ADD COLUMN "confirmation_mail" JSONB;
CREATE INDEX "consent_confirmation" ON "consent"("confirmation_message_id") WHERE "confirmation_message_id" IS NOT NULL;

-- What was promised for each purpose, by its key; who the visitor is to the website, applied once the address is confirmed.
ALTER TABLE "opt_in_request"
  DROP COLUMN "promise_max",
  DROP COLUMN "promise_days",
  ADD COLUMN "promises" JSONB NOT NULL DEFAULT '{}',
  ADD COLUMN "source" TEXT NOT NULL DEFAULT 'tend',
  ADD COLUMN "user_id" TEXT,
  ADD COLUMN "anonymous_id" TEXT;
-- Only those that nobody has confirmed run out: the others stay, and would be passed over again and again.
DROP INDEX "opt_in_request_open";
CREATE INDEX "opt_in_request_open" ON "opt_in_request"("expires_at") WHERE "confirmed_at" IS NULL;

-- How old each consent to mail is, so that the few that are about to go stale are found without looking at everybody.
CREATE TABLE "consent_age" (
    "lead_id" UUID NOT NULL,
    "purpose" TEXT NOT NULL,
    -- The latest known instant of its being given, or of a mail under it; never later than the truth.
    "since" TIMESTAMPTZ(3) NOT NULL,
    -- When the person was asked whether it still holds.
    "asked_at" TIMESTAMPTZ(3),
    "asked_message_id" UUID,
    CONSTRAINT "consent_age_pkey" PRIMARY KEY ("lead_id", "purpose"),
    CONSTRAINT "consent_age_lead_id_fkey" FOREIGN KEY ("lead_id") REFERENCES "lead"("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "consent_age_unasked" ON "consent_age"("since") WHERE "asked_at" IS NULL;

-- By triggers, so that no way in which a consent comes can forget it: one that is given is new, and to be asked about anew in
-- its time; what is erased leaves nothing.
CREATE FUNCTION "note_consent_age"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM consent_age WHERE lead_id = OLD.lead_id;
    RETURN OLD;
  END IF;
  INSERT INTO consent_age (lead_id, purpose, since) VALUES (NEW.lead_id, NEW.purpose, coalesce(NEW.confirmed_at, NEW.at))
  ON CONFLICT (lead_id, purpose) DO UPDATE SET since = greatest(consent_age.since, EXCLUDED.since), asked_at = NULL, asked_message_id = NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER "consent_age_of_grant" AFTER INSERT ON "consent" FOR EACH ROW
  WHEN (NEW.action = 'granted' AND NEW.channel = 'email' AND NEW.purpose <> 'tracking') EXECUTE FUNCTION "note_consent_age"();
CREATE TRIGGER "consent_age_of_erased" AFTER DELETE ON "consent" FOR EACH ROW EXECUTE FUNCTION "note_consent_age"();

INSERT INTO "consent_age" ("lead_id", "purpose", "since")
SELECT "lead_id", "purpose", max(coalesce("confirmed_at", "at")) FROM "consent" WHERE "action" = 'granted' AND "channel" = 'email' AND "purpose" <> 'tracking'
GROUP BY "lead_id", "purpose";
