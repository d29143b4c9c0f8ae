-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "lead" (
    "id" UUID NOT NULL,
    "merged_into" UUID,
    "erased_at" TIMESTAMPTZ(3),
    "stage" TEXT NOT NULL DEFAULT 'lead',
    "account_id" UUID,
    "locale" TEXT,
    "time_zone" TEXT,
    "attention_rev" BIGINT NOT NULL DEFAULT 0,
    "planned_rev" BIGINT NOT NULL DEFAULT 0,
    "next_look_at" TIMESTAMPTZ(3),
    "journey_open" BOOLEAN NOT NULL DEFAULT false,
    "armed_look_at" TIMESTAMPTZ(3),
    "refold" BOOLEAN NOT NULL DEFAULT false,
    "parked_at" TIMESTAMPTZ(3),
    "parked_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "lead_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account" (
    "id" UUID NOT NULL,
    "name" TEXT,
    "domain" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "identity" (
    "id" BIGSERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "lead_id" UUID,
    "linked_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "identity_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attribute" (
    "id" BIGSERIAL NOT NULL,
    "lead_id" UUID,
    "account_id" UUID,
    "name" TEXT NOT NULL,
    "value" JSONB NOT NULL,
    "source" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "confidence" REAL NOT NULL DEFAULT 1,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "attribute_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "interaction" (
    "id" BIGSERIAL NOT NULL,
    "source" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "identity_id" BIGINT NOT NULL,
    "lead_id" UUID,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "properties" JSONB NOT NULL,
    "context" JSONB,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "claimed_at" TEXT,
    "linked_at" TIMESTAMPTZ(3),
    "assessed_at" TIMESTAMPTZ(3),

    CONSTRAINT "interaction_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "definition" (
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "live_version_id" BIGINT,
    "draft_version_id" BIGINT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "definition_pkey" PRIMARY KEY ("kind","key")
);

-- CreateTable
CREATE TABLE "definition_version" (
    "id" BIGSERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "content" JSONB NOT NULL,
    "content_hash" TEXT NOT NULL,
    "compiled" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,
    "published_at" TIMESTAMPTZ(3),
    "published_by" TEXT,

    CONSTRAINT "definition_version_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "score_ledger" (
    "id" BIGSERIAL NOT NULL,
    "lead_id" UUID NOT NULL,
    "model_version_id" BIGINT NOT NULL,
    "interaction_id" BIGINT NOT NULL,
    "rule" TEXT NOT NULL,
    "points" INTEGER NOT NULL,
    "provisional" BOOLEAN NOT NULL DEFAULT false,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "superseded_at" TIMESTAMPTZ(3),

    CONSTRAINT "score_ledger_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "standing" (
    "lead_id" UUID NOT NULL,
    "model_version_id" BIGINT NOT NULL,
    "model_key" TEXT NOT NULL,
    "points" INTEGER NOT NULL,
    "firm_points" INTEGER NOT NULL,
    "qualified" BOOLEAN NOT NULL,
    "qualified_since" TIMESTAMPTZ(3),
    "fold_state" JSONB NOT NULL,
    "last_occurred_at" TIMESTAMPTZ(3),
    "last_source" TEXT,
    "last_message_id" TEXT,
    "interactions" INTEGER NOT NULL,
    "assessed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "standing_pkey" PRIMARY KEY ("lead_id","model_version_id")
);

-- CreateTable
CREATE TABLE "enrolment" (
    "id" UUID NOT NULL,
    "lead_id" UUID NOT NULL,
    "sequence_key" TEXT NOT NULL,
    "sequence_version_id" BIGINT NOT NULL,
    "entered_by" TEXT NOT NULL,
    "trigger_interaction_id" BIGINT,
    "state" TEXT NOT NULL,
    "step_id" TEXT NOT NULL,
    "visit" INTEGER NOT NULL DEFAULT 1,
    "step_entered_at" TIMESTAMPTZ(3) NOT NULL,
    "step_entered_by" BIGINT,
    "awaits" TEXT[],
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "end_reason" TEXT,

    CONSTRAINT "enrolment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "message" (
    "id" UUID NOT NULL,
    "recipient_kind" TEXT NOT NULL,
    "lead_id" UUID NOT NULL,
    "handoff_id" UUID,
    "rep_key" TEXT,
    "address" TEXT,
    "channel" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "enrolment_id" UUID,
    "step_id" TEXT,
    "visit" INTEGER,
    "template_key" TEXT NOT NULL,
    "template_version_id" BIGINT,
    "lineage" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "deadline_at" TIMESTAMPTZ(3),
    "next_attempt_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "claim_token" UUID,
    "claimed_at" TIMESTAMPTZ(3),
    "lease_until" TIMESTAMPTZ(3),
    "message_id_header" TEXT NOT NULL,
    "provider_id" TEXT,
    "smtp_reply" TEXT,
    "finished_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "message_event" (
    "id" BIGSERIAL NOT NULL,
    "message_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT,
    "until" TIMESTAMPTZ(3),

    CONSTRAINT "message_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "consent" (
    "id" BIGSERIAL NOT NULL,
    "lead_id" UUID NOT NULL,
    "channel" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "address" TEXT,
    "wording" TEXT,
    "form_url" TEXT,
    "ip" TEXT,
    "user_agent" TEXT,
    "requested_at" TIMESTAMPTZ(3),
    "confirmed_at" TIMESTAMPTZ(3),
    "promise_max" INTEGER,
    "promise_days" INTEGER,
    "source" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "consent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "suppression" (
    "id" BIGSERIAL NOT NULL,
    "channel" TEXT NOT NULL,
    "address" TEXT,
    "address_hash" TEXT,
    "reason" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "lifted_at" TIMESTAMPTZ(3),
    "actor" TEXT NOT NULL,

    CONSTRAINT "suppression_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rep" (
    "key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "last_assigned_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "rep_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "handoff" (
    "id" UUID NOT NULL,
    "lead_id" UUID NOT NULL,
    "state" TEXT NOT NULL,
    "outcome" TEXT,
    "outcome_reason" TEXT,
    "trigger" JSONB NOT NULL,
    "model_version_id" BIGINT,
    "owner_key" TEXT,
    "round" INTEGER NOT NULL DEFAULT 0,
    "offered_at" TIMESTAMPTZ(3) NOT NULL,
    "accept_by" TIMESTAMPTZ(3),
    "escalated_at" TIMESTAMPTZ(3),
    "accepted_at" TIMESTAMPTZ(3),
    "closed_at" TIMESTAMPTZ(3),
    "attention_rev" BIGINT NOT NULL DEFAULT 1,
    "planned_rev" BIGINT NOT NULL DEFAULT 0,
    "next_look_at" TIMESTAMPTZ(3),

    CONSTRAINT "handoff_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "handoff_assignment" (
    "handoff_id" UUID NOT NULL,
    "round" INTEGER NOT NULL,
    "rep_key" TEXT NOT NULL,
    "assigned_at" TIMESTAMPTZ(3) NOT NULL,
    "accept_by" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "end_reason" TEXT,

    CONSTRAINT "handoff_assignment_pkey" PRIMARY KEY ("handoff_id","round")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "key_hash" TEXT NOT NULL,
    "hint" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject_kind" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "detail" JSONB,

    CONSTRAINT "audit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "installation" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "paused_at" TIMESTAMPTZ(3),
    "paused_by" TEXT,
    "seeded_at" TIMESTAMPTZ(3),

    CONSTRAINT "installation_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "lead_account_id_idx" ON "lead"("account_id");

-- CreateIndex
CREATE UNIQUE INDEX "account_domain_key" ON "account"("domain");

-- CreateIndex
CREATE INDEX "identity_lead_id_idx" ON "identity"("lead_id");

-- CreateIndex
CREATE UNIQUE INDEX "identity_kind_value_key" ON "identity"("kind", "value");

-- CreateIndex
CREATE INDEX "attribute_lead_id_name_at_idx" ON "attribute"("lead_id", "name", "at");

-- CreateIndex
CREATE INDEX "attribute_account_id_name_at_idx" ON "attribute"("account_id", "name", "at");

-- CreateIndex
CREATE INDEX "interaction_lead_id_occurred_at_idx" ON "interaction"("lead_id", "occurred_at");

-- CreateIndex
CREATE UNIQUE INDEX "interaction_source_message_id_key" ON "interaction"("source", "message_id");

-- CreateIndex
CREATE UNIQUE INDEX "definition_version_kind_key_version_key" ON "definition_version"("kind", "key", "version");

-- CreateIndex
CREATE UNIQUE INDEX "definition_version_kind_key_content_hash_key" ON "definition_version"("kind", "key", "content_hash");

-- CreateIndex
CREATE INDEX "score_ledger_lead_id_model_version_id_occurred_at_idx" ON "score_ledger"("lead_id", "model_version_id", "occurred_at");

-- CreateIndex
CREATE INDEX "enrolment_lead_id_sequence_key_idx" ON "enrolment"("lead_id", "sequence_key");

-- CreateIndex
CREATE UNIQUE INDEX "message_message_id_header_key" ON "message"("message_id_header");

-- CreateIndex
CREATE INDEX "message_lead_id_created_at_idx" ON "message"("lead_id", "created_at");

-- CreateIndex
CREATE INDEX "message_handoff_id_idx" ON "message"("handoff_id");

-- CreateIndex
CREATE INDEX "message_event_message_id_idx" ON "message_event"("message_id");

-- CreateIndex
CREATE INDEX "consent_lead_id_channel_purpose_id_idx" ON "consent"("lead_id", "channel", "purpose", "id");

-- CreateIndex
CREATE INDEX "suppression_channel_address_idx" ON "suppression"("channel", "address");

-- CreateIndex
CREATE INDEX "suppression_channel_address_hash_idx" ON "suppression"("channel", "address_hash");

-- CreateIndex
CREATE INDEX "handoff_lead_id_offered_at_idx" ON "handoff"("lead_id", "offered_at");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_key_hash_key" ON "api_key"("key_hash");

-- CreateIndex
CREATE INDEX "audit_subject_kind_subject_id_id_idx" ON "audit"("subject_kind", "subject_id", "id");

-- AddForeignKey
ALTER TABLE "lead" ADD CONSTRAINT "lead_merged_into_fkey" FOREIGN KEY ("merged_into") REFERENCES "lead"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "lead" ADD CONSTRAINT "lead_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "identity" ADD CONSTRAINT "identity_lead_id_fkey" FOREIGN KEY ("lead_id") REFERENCES "lead"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attribute" ADD CONSTRAINT "attribute_lead_id_fkey" FOREIGN KEY ("lead_id") REFERENCES "lead"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attribute" ADD CONSTRAINT "attribute_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "interaction" ADD CONSTRAINT "interaction_identity_id_fkey" FOREIGN KEY ("identity_id") REFERENCES "identity"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "definition_version" ADD CONSTRAINT "definition_version_kind_key_fkey" FOREIGN KEY ("kind", "key") REFERENCES "definition"("kind", "key") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "standing" ADD CONSTRAINT "standing_lead_id_fkey" FOREIGN KEY ("lead_id") REFERENCES "lead"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "standing" ADD CONSTRAINT "standing_model_version_id_fkey" FOREIGN KEY ("model_version_id") REFERENCES "definition_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "enrolment" ADD CONSTRAINT "enrolment_lead_id_fkey" FOREIGN KEY ("lead_id") REFERENCES "lead"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "enrolment" ADD CONSTRAINT "enrolment_sequence_version_id_fkey" FOREIGN KEY ("sequence_version_id") REFERENCES "definition_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message" ADD CONSTRAINT "message_lead_id_fkey" FOREIGN KEY ("lead_id") REFERENCES "lead"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message" ADD CONSTRAINT "message_handoff_id_fkey" FOREIGN KEY ("handoff_id") REFERENCES "handoff"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message" ADD CONSTRAINT "message_enrolment_id_fkey" FOREIGN KEY ("enrolment_id") REFERENCES "enrolment"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message_event" ADD CONSTRAINT "message_event_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "message"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "consent" ADD CONSTRAINT "consent_lead_id_fkey" FOREIGN KEY ("lead_id") REFERENCES "lead"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "handoff" ADD CONSTRAINT "handoff_lead_id_fkey" FOREIGN KEY ("lead_id") REFERENCES "lead"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "handoff" ADD CONSTRAINT "handoff_owner_key_fkey" FOREIGN KEY ("owner_key") REFERENCES "rep"("key") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "handoff_assignment" ADD CONSTRAINT "handoff_assignment_handoff_id_fkey" FOREIGN KEY ("handoff_id") REFERENCES "handoff"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "handoff_assignment" ADD CONSTRAINT "handoff_assignment_rep_key_fkey" FOREIGN KEY ("rep_key") REFERENCES "rep"("key") ON DELETE RESTRICT ON UPDATE CASCADE;


-- What Prisma's schema language cannot say ---------------------------------------------------------------------------

-- The assessor's queue: the index over what is not yet folded. Oldest first, so that no lead starves.
CREATE INDEX "interaction_queue" ON "interaction"("id") INCLUDE ("lead_id") WHERE "assessed_at" IS NULL AND "lead_id" IS NOT NULL;
-- Identifies whose traits and identities are still to be applied.
CREATE INDEX "interaction_unlinked" ON "interaction"("id") WHERE "kind" = 'identify' AND "linked_at" IS NULL;
-- What was seen of an identity before anybody knew whose it is.
CREATE INDEX "interaction_ownerless" ON "interaction"("identity_id") WHERE "lead_id" IS NULL;
-- The last of a lead's interactions that a fold has still to see.
CREATE INDEX "interaction_unassessed_by_lead" ON "interaction"("lead_id") WHERE "assessed_at" IS NULL AND "lead_id" IS NOT NULL;

-- The sweep: leads that were not planned since their attention was raised, and leads that are overdue.
CREATE INDEX "lead_attention" ON "lead"("id") WHERE "attention_rev" <> "planned_rev";
CREATE INDEX "lead_next_look" ON "lead"("next_look_at") WHERE "next_look_at" IS NOT NULL;
-- The leads that a lead has swallowed: a person's consents are those of all of them.
CREATE INDEX "lead_merged_into" ON "lead"("merged_into") WHERE "merged_into" IS NOT NULL;
-- Journeys that have something to wait for and do not run: their start was lost.
CREATE INDEX "lead_journey_missing" ON "lead"("id") WHERE "next_look_at" IS NOT NULL AND NOT "journey_open";
CREATE INDEX "lead_refold" ON "lead"("id") WHERE "refold";
CREATE INDEX "lead_parked" ON "lead"("parked_at") WHERE "parked_at" IS NOT NULL;
CREATE INDEX "handoff_attention" ON "handoff"("id") WHERE "attention_rev" <> "planned_rev";
CREATE INDEX "handoff_next_look" ON "handoff"("next_look_at") WHERE "next_look_at" IS NOT NULL;
-- Queue-like tables: their dead rows must go soon, or each look at the queue walks over them.
ALTER TABLE "interaction" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE "lead" SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE "standing" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- One open handoff per lead.
CREATE UNIQUE INDEX "handoff_one_open_per_lead" ON "handoff"("lead_id") WHERE "state" <> 'closed';
-- One running pass of a lead through a sequence; one pass per triggering interaction.
CREATE UNIQUE INDEX "enrolment_one_active_per_sequence" ON "enrolment"("lead_id", "sequence_key") WHERE "state" = 'active';
CREATE UNIQUE INDEX "enrolment_one_per_trigger" ON "enrolment"("sequence_key", "lead_id", "trigger_interaction_id") WHERE "trigger_interaction_id" IS NOT NULL;
-- One intent per (enrolment, step, visit): a step mails a lead at most once.
CREATE UNIQUE INDEX "message_one_per_visit" ON "message"("enrolment_id", "step_id", "visit") WHERE "enrolment_id" IS NOT NULL;
-- One offer mail for one assignment (its round is the visit).
CREATE UNIQUE INDEX "message_one_per_assignment" ON "message"("handoff_id", "visit") WHERE "recipient_kind" = 'rep';
-- Claims whose lease may have ended, and mails that wait for a template.
CREATE INDEX "message_claimed" ON "message"("lease_until") WHERE "state" = 'claimed';
CREATE INDEX "message_unknown" ON "message"("id") WHERE "state" = 'unknown';
CREATE INDEX "message_open_by_template" ON "message"("template_key") WHERE "state" IN ('due', 'delayed', 'deferred');
CREATE INDEX "message_open_by_lead" ON "message"("lead_id") WHERE "state" IN ('due', 'delayed', 'deferred', 'claimed');
-- A point is awarded once per (model version, interaction, rule) among the rows in force.
CREATE UNIQUE INDEX "score_ledger_in_force" ON "score_ledger"("interaction_id", "model_version_id", "rule") WHERE "superseded_at" IS NULL;

ALTER TABLE "lead" ADD CONSTRAINT "lead_stage" CHECK ("stage" IN ('lead', 'customer', 'disqualified'));
ALTER TABLE "lead" ADD CONSTRAINT "lead_planned_rev" CHECK ("planned_rev" <= "attention_rev");
ALTER TABLE "identity" ADD CONSTRAINT "identity_kind" CHECK ("kind" IN ('email', 'user_id', 'anonymous_id', 'phone'));
ALTER TABLE "attribute" ADD CONSTRAINT "attribute_owner" CHECK (num_nonnulls("lead_id", "account_id") = 1);
ALTER TABLE "attribute" ADD CONSTRAINT "attribute_confidence" CHECK ("confidence" BETWEEN 0 AND 1);
ALTER TABLE "interaction" ADD CONSTRAINT "interaction_kind" CHECK ("kind" IN ('track', 'identify', 'page', 'tend'));
ALTER TABLE "definition" ADD CONSTRAINT "definition_kind" CHECK ("kind" IN ('scoring_model', 'sequence', 'template'));
ALTER TABLE "enrolment" ADD CONSTRAINT "enrolment_state" CHECK ("state" IN ('active', 'completed', 'left'));
ALTER TABLE "message" ADD CONSTRAINT "message_state" CHECK ("state" IN ('due', 'delayed', 'claimed', 'deferred', 'accepted', 'refused', 'unknown', 'dropped', 'superseded'));
ALTER TABLE "message" ADD CONSTRAINT "message_recipient" CHECK (("recipient_kind" = 'lead' AND "enrolment_id" IS NOT NULL) OR ("recipient_kind" = 'rep' AND "handoff_id" IS NOT NULL AND "rep_key" IS NOT NULL));
ALTER TABLE "message" ADD CONSTRAINT "message_claim" CHECK (("state" = 'claimed') = ("lease_until" IS NOT NULL));
ALTER TABLE "message" ADD CONSTRAINT "message_final" CHECK (("state" IN ('accepted', 'refused', 'unknown', 'dropped', 'superseded')) = ("finished_at" IS NOT NULL));
ALTER TABLE "consent" ADD CONSTRAINT "consent_action" CHECK ("action" IN ('granted', 'withdrawn'));
ALTER TABLE "consent" ADD CONSTRAINT "consent_promise" CHECK (("promise_max" IS NULL) = ("promise_days" IS NULL) AND ("promise_max" IS NULL OR ("promise_max" > 0 AND "promise_days" > 0)));
ALTER TABLE "handoff" ADD CONSTRAINT "handoff_state" CHECK ("state" IN ('offered', 'accepted', 'closed'));
ALTER TABLE "handoff" ADD CONSTRAINT "handoff_outcome" CHECK (("state" = 'closed') = ("outcome" IS NOT NULL) AND ("outcome" IS NULL OR "outcome" IN ('won', 'lost', 'recycled', 'rejected')));
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_kind" CHECK ("kind" IN ('write', 'secret'));
ALTER TABLE "installation" ADD CONSTRAINT "installation_one_row" CHECK ("id" = 1);
INSERT INTO "installation" ("id") VALUES (1);

-- Consent is evidence: neither changed nor deleted, whoever asks. (Erasure comes with a database function of its own.)
CREATE FUNCTION "refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "consent_append_only" BEFORE UPDATE OR DELETE ON "consent" FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "audit_append_only" BEFORE UPDATE OR DELETE ON "audit" FOR EACH ROW EXECUTE FUNCTION "refuse_change"();

-- A version's content never changes; only its publication is noted on it.
CREATE FUNCTION "refuse_content_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR NEW.content IS DISTINCT FROM OLD.content OR NEW.version <> OLD.version OR NEW.key <> OLD.key OR NEW.kind <> OLD.kind THEN
    RAISE EXCEPTION 'definition_version is immutable: % refused', TG_OP USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "definition_version_immutable" BEFORE UPDATE OR DELETE ON "definition_version" FOR EACH ROW EXECUTE FUNCTION "refuse_content_change"();
