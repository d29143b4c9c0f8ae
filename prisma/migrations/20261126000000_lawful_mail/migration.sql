-- Consent as evidence, double opt-in, what comes back, who is not written to.

ALTER TABLE "definition" DROP CONSTRAINT "definition_kind";
ALTER TABLE "definition" ADD CONSTRAINT "definition_kind" CHECK ("kind" IN ('scoring_model', 'sequence', 'template', 'attributes', 'pacing', 'mailing', 'consent', 'sender', 'layout', 'partial'));

-- What proves a double opt-in in the single case (BGH I ZR 164/09): both instants with where they came from, and the mail that was confirmed.
ALTER TABLE "consent"
  ADD COLUMN "wording_version" TEXT,
  ADD COLUMN "request_id" UUID,
  ADD COLUMN "confirm_ip" TEXT,
  ADD COLUMN "confirm_user_agent" TEXT,
  ADD COLUMN "confirmation_message_id" TEXT,
  ADD COLUMN "locale" TEXT,
  ADD COLUMN "change" JSONB;
-- changed: what the person set besides (a pause, fewer mails, the language, tracking): none of it grants or ends a purpose.
ALTER TABLE "consent" DROP CONSTRAINT "consent_action";
ALTER TABLE "consent" ADD CONSTRAINT "consent_action" CHECK ("action" IN ('granted', 'withdrawn', 'changed'));
ALTER TABLE "consent" ADD CONSTRAINT "consent_change" CHECK (("action" = 'changed') = ("change" IS NOT NULL));
CREATE INDEX "consent_request" ON "consent"("request_id") WHERE "request_id" IS NOT NULL;

-- Erasure alone may remove evidence (Art. 17 GDPR), and only by this function: whoever deletes otherwise is refused.
CREATE FUNCTION "refuse_change_unless_erasing"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('tend.erasing', true) = OLD.lead_id::text THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER "consent_append_only" ON "consent";
CREATE TRIGGER "consent_append_only" BEFORE UPDATE OR DELETE ON "consent" FOR EACH ROW EXECUTE FUNCTION "refuse_change_unless_erasing"();
CREATE TRIGGER "consent_not_truncated" BEFORE TRUNCATE ON "consent" FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
CREATE FUNCTION "erase_consent"("person" UUID) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  removed integer;
BEGIN
  PERFORM set_config('tend.erasing', person::text, true);
  DELETE FROM "consent" WHERE "lead_id" = person;
  GET DIAGNOSTICS removed = ROW_COUNT;
  PERFORM set_config('tend.erasing', '', true);
  RETURN removed;
END $$;

-- A sign-up that waits for its confirmation. What nobody confirms is deleted; what was confirmed stands in "consent".
CREATE TABLE "opt_in_request" (
    "id" UUID NOT NULL,
    "lead_id" UUID NOT NULL,
    "address" TEXT NOT NULL,
    "purposes" TEXT[] NOT NULL,
    "locale" TEXT,
    "wording" TEXT NOT NULL,
    "wording_version" TEXT,
    "form_url" TEXT NOT NULL,
    "ip" TEXT,
    "user_agent" TEXT,
    "promise_max" INTEGER,
    "promise_days" INTEGER,
    -- Where the reader goes on to, on the company's own site.
    "return_url" TEXT,
    "message_id" UUID NOT NULL,
    -- The lead was made for it: it goes with it.
    "made_lead" BOOLEAN NOT NULL DEFAULT false,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "confirmed_at" TIMESTAMPTZ(3),
    CONSTRAINT "opt_in_request_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "opt_in_request_lead_id_fkey" FOREIGN KEY ("lead_id") REFERENCES "lead"("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "opt_in_request_message_id_key" ON "opt_in_request"("message_id");
CREATE INDEX "opt_in_request_lead_id_idx" ON "opt_in_request"("lead_id");
CREATE INDEX "opt_in_request_open" ON "opt_in_request"("expires_at");

-- A mail to a lead outside of any sequence: the confirmation of a sign-up, contractual mail, asking for permission anew.
-- A reply that is forwarded goes to a colleague, or to the mailbox that the sender names.
ALTER TABLE "message"
  ADD COLUMN "sender_key" TEXT,
  ADD COLUMN "inbound_mail_id" UUID,
  ADD COLUMN "bounced_at" TIMESTAMPTZ(3),
  ADD COLUMN "bounce_cause" TEXT,
  ADD COLUMN "complained_at" TIMESTAMPTZ(3),
  ADD COLUMN "replied_at" TIMESTAMPTZ(3);
ALTER TABLE "message" DROP CONSTRAINT "message_recipient";
ALTER TABLE "message" ADD CONSTRAINT "message_recipient" CHECK (
  "recipient_kind" = 'lead'
  OR ("recipient_kind" = 'rep' AND "handoff_id" IS NOT NULL AND "rep_key" IS NOT NULL)
  OR ("recipient_kind" = 'colleague' AND ("enrolment_id" IS NOT NULL AND "rep_key" IS NOT NULL OR "inbound_mail_id" IS NOT NULL)));
CREATE INDEX "message_of_no_sequence" ON "message"("lead_id") WHERE "recipient_kind" = 'lead' AND "enrolment_id" IS NULL AND "state" IN ('due', 'delayed', 'deferred', 'claimed');
CREATE INDEX "message_provider_id" ON "message"("provider_id") WHERE "provider_id" IS NOT NULL;
CREATE INDEX "message_inbound_mail" ON "message"("inbound_mail_id") WHERE "inbound_mail_id" IS NOT NULL;

-- What came back: reports on delivery, complaints, replies. Stored before it is understood, so that nothing is lost.
CREATE TABLE "inbound_mail" (
    "id" UUID NOT NULL,
    -- smtp | imap | ses | …
    "via" TEXT NOT NULL,
    -- The same mail handed in twice is one.
    "dedupe_key" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "envelope_from" TEXT,
    "envelope_to" TEXT[] NOT NULL DEFAULT '{}',
    "raw" BYTEA,
    -- bounce | complaint | reply | auto-reply | unsubscribe | other | unreadable, once it is understood
    "kind" TEXT,
    "message_id" UUID,
    "lead_id" UUID,
    "cause" TEXT,
    "status" TEXT,
    "detail" TEXT,
    "from_address" TEXT,
    "subject" TEXT,
    "text" TEXT,
    -- accepted as proof | weak: what it says did not suffice to act on | …
    "outcome" TEXT,
    "processed_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT,
    CONSTRAINT "inbound_mail_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "inbound_mail_dedupe_key_key" ON "inbound_mail"("dedupe_key");
CREATE INDEX "inbound_mail_lead_id_idx" ON "inbound_mail"("lead_id", "received_at");
CREATE INDEX "inbound_mail_unprocessed" ON "inbound_mail"("received_at") WHERE "processed_at" IS NULL;
CREATE INDEX "inbound_mail_message" ON "inbound_mail"("message_id") WHERE "message_id" IS NOT NULL;

-- A receiving domain that refuses for our reputation is left alone for a while; its people are not to blame.
CREATE TABLE "receiving_domain" (
    "domain" TEXT NOT NULL,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "failed_at" TIMESTAMPTZ(3),
    "opened_at" TIMESTAMPTZ(3),
    "retry_at" TIMESTAMPTZ(3),
    "opened_times" INTEGER NOT NULL DEFAULT 0,
    "status" TEXT,
    "why" TEXT,
    CONSTRAINT "receiving_domain_pkey" PRIMARY KEY ("domain")
);

-- Of each sender: how many of its mails were complained about, and whether its marketing stands still for that.
CREATE TABLE "sender_health" (
    "sender_key" TEXT NOT NULL,
    "accepted" INTEGER NOT NULL DEFAULT 0,
    "complaints" INTEGER NOT NULL DEFAULT 0,
    "bounces" INTEGER NOT NULL DEFAULT 0,
    "checked_at" TIMESTAMPTZ(3),
    "warned_at" TIMESTAMPTZ(3),
    "paused_at" TIMESTAMPTZ(3),
    "why" TEXT,
    "resumed_at" TIMESTAMPTZ(3),
    "resumed_by" TEXT,
    CONSTRAINT "sender_health_pkey" PRIMARY KEY ("sender_key")
);

-- Every fetch of a link or picture of a mail, by whoever made it: machines are told from people by their pattern.
CREATE TABLE "mail_hit" (
    "id" BIGSERIAL NOT NULL,
    "message_id" UUID NOT NULL,
    -- open | click | trap
    "kind" TEXT NOT NULL,
    "link" TEXT,
    "method" TEXT NOT NULL,
    "user_agent" TEXT,
    -- Keyed hash of the address, and of its network.
    "ip_hash" TEXT,
    "network_hash" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "interaction_message_id" TEXT,
    "machine" TEXT,
    "why" TEXT,
    "judged_at" TIMESTAMPTZ(3),
    CONSTRAINT "mail_hit_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "mail_hit_message_id_idx" ON "mail_hit"("message_id", "id");
CREATE INDEX "mail_hit_unjudged" ON "mail_hit"("at") WHERE "judged_at" IS NULL;
CREATE INDEX "mail_hit_network" ON "mail_hit"("network_hash", "at") WHERE "network_hash" IS NOT NULL;

-- Who is not written to is known by a keyed hash only, so that erasing a person leaves nothing else.
DROP INDEX "suppression_channel_address_idx";
DROP INDEX "suppression_channel_address_hash_idx";
DELETE FROM "suppression";
ALTER TABLE "suppression" DROP COLUMN "address", ALTER COLUMN "address_hash" SET NOT NULL, ADD COLUMN "detail" TEXT, ADD COLUMN "lifted_by" TEXT;
CREATE UNIQUE INDEX "suppression_in_force" ON "suppression"("channel", "address_hash", "reason") WHERE "lifted_at" IS NULL;
CREATE INDEX "suppression_channel_address_hash_idx" ON "suppression"("channel", "address_hash");

-- What of the installation the hashes were made with: another key would find none of them.
ALTER TABLE "installation" ADD COLUMN "hash_key_check" TEXT;
