-- Erasure (Art. 17 GDPR): what was asked for, and when nothing was left. Ids, instants and a ground from a list: nobody's data,
-- so that it outlives the person and can be replayed on a backup that is put back.
CREATE TABLE "erasure" (
    "lead_id" UUID NOT NULL,
    -- With the leads that were merged into it.
    "lead_ids" UUID[] NOT NULL DEFAULT '{}',
    -- asked | no-longer-needed | consent-withdrawn | objection | unlawful | legal-obligation | child
    "because" TEXT NOT NULL,
    "keep_hash" BOOLEAN NOT NULL DEFAULT true,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "requested_by_kind" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "done_at" TIMESTAMPTZ(3),
    -- How many tries have failed, and the code of the last failure.
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT,
    CONSTRAINT "erasure_pkey" PRIMARY KEY ("lead_id")
);
CREATE INDEX "erasure_open" ON "erasure"("requested_at") WHERE "done_at" IS NULL;
CREATE INDEX "erasure_done_at" ON "erasure"("done_at") WHERE "done_at" IS NOT NULL;
CREATE INDEX "erasure_requested_at_idx" ON "erasure"("requested_at", "lead_id");

-- Keyed hashes of what a person was recognised by: events from before the erasure that come in late are dropped, and make
-- nobody of it again. Kept as long as clients may hold events back, then forgotten.
CREATE TABLE "erased_identity" (
    "value_hash" TEXT NOT NULL,
    "erased_at" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "erased_identity_pkey" PRIMARY KEY ("value_hash")
);
CREATE INDEX "erased_identity_erased_at_idx" ON "erased_identity"("erased_at");
-- Late events make their identities anew: whoever looks for them looks at new ones only.
CREATE INDEX "identity_created_at_idx" ON "identity"("created_at") WHERE "lead_id" IS NULL;

-- Erasure takes the details of the audit rows that are about a person, and nothing else of them: who did what, and when, stays.
CREATE FUNCTION "refuse_change_unless_detail_is_erased"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND current_setting('tend.erasing_audit', true) = 'on' AND NEW.detail IS NULL
     AND (NEW.id, NEW.at, NEW.actor_kind, NEW.actor, NEW.action, NEW.subject_kind, NEW.subject_id)
         IS NOT DISTINCT FROM (OLD.id, OLD.at, OLD.actor_kind, OLD.actor, OLD.action, OLD.subject_kind, OLD.subject_id) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER "audit_append_only" ON "audit";
CREATE TRIGGER "audit_append_only" BEFORE UPDATE OR DELETE ON "audit" FOR EACH ROW EXECUTE FUNCTION "refuse_change_unless_detail_is_erased"();
CREATE TRIGGER "audit_not_truncated" BEFORE TRUNCATE ON "audit" FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();
CREATE FUNCTION "erase_audit_details"("of_kind" TEXT, "of_ids" TEXT[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  emptied integer;
BEGIN
  PERFORM set_config('tend.erasing_audit', 'on', true);
  UPDATE "audit" SET "detail" = NULL WHERE "subject_kind" = of_kind AND "subject_id" = ANY(of_ids) AND "detail" IS NOT NULL;
  GET DIAGNOSTICS emptied = ROW_COUNT;
  PERFORM set_config('tend.erasing_audit', '', true);
  RETURN emptied;
END $$;
