-- Where other systems want to be told.
CREATE TABLE "webhook_endpoint" (
    "key" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "previous_secret" TEXT,
    "previous_secret_until" TIMESTAMPTZ(3),
    "description" TEXT,
    "disabled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "webhook_endpoint_pkey" PRIMARY KEY ("key")
);
-- For some hours after a rotation both secrets sign, so that no receiver has to change at the same instant.
ALTER TABLE "webhook_endpoint" ADD CONSTRAINT "webhook_endpoint_previous_secret" CHECK (num_nulls("previous_secret", "previous_secret_until") <> 1);

-- What other systems are told: the outbox. No foreign keys: rows are made in a plan's transaction from rows that it has
-- locked, a sequence may name an endpoint that is not there yet, and a delivery outlives its endpoint.
CREATE TABLE "webhook_delivery" (
    "id" UUID NOT NULL,
    "seq" BIGSERIAL NOT NULL,
    "endpoint_key" TEXT NOT NULL,
    "event_type" TEXT NOT NULL,
    "lead_id" UUID,
    "enrolment_id" UUID,
    "step_id" TEXT,
    "visit" INTEGER,
    "payload" JSONB NOT NULL,
    "state" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3),
    "claimed_until" TIMESTAMPTZ(3),
    "last_status" INTEGER,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhook_delivery_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "webhook_delivery_seq_key" ON "webhook_delivery"("seq");
CREATE INDEX "webhook_delivery_lead_id_seq_idx" ON "webhook_delivery"("lead_id", "seq");
CREATE INDEX "webhook_delivery_endpoint_key_seq_idx" ON "webhook_delivery"("endpoint_key", "seq");
-- A step tells once a visit.
CREATE UNIQUE INDEX "webhook_delivery_enrolment_id_step_id_visit_key" ON "webhook_delivery"("enrolment_id", "step_id", "visit");

ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_state" CHECK ("state" IN ('waiting', 'claimed', 'delivered', 'dead'));
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_open" CHECK (("state" IN ('waiting', 'claimed')) = ("next_attempt_at" IS NOT NULL));
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_claim" CHECK (("state" = 'claimed') = ("claimed_until" IS NOT NULL));
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_final" CHECK (("state" IN ('delivered', 'dead')) = ("finished_at" IS NOT NULL));

-- The queue, an endpoint each: one that is down or disabled, however much waits for it, costs the others nothing. The next
-- attempt of a claimed one is when its lease ends.
CREATE INDEX "webhook_delivery_queue" ON "webhook_delivery"("endpoint_key", "next_attempt_at", "seq") WHERE "state" IN ('waiting', 'claimed');
-- A lead's later deliveries wait for its earlier ones.
CREATE INDEX "webhook_delivery_open_by_lead" ON "webhook_delivery"("endpoint_key", "lead_id", "seq") WHERE "state" IN ('waiting', 'claimed');
CREATE INDEX "webhook_delivery_dead" ON "webhook_delivery"("endpoint_key", "seq") WHERE "state" = 'dead';
ALTER TABLE "webhook_delivery" SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
