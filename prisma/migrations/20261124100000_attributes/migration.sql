-- Attributes: a vocabulary as a kind of definition, statements about leads and companies, and Segment's group calls.
ALTER TABLE "definition" DROP CONSTRAINT "definition_kind";
ALTER TABLE "definition" ADD CONSTRAINT "definition_kind" CHECK ("kind" IN ('scoring_model', 'sequence', 'template', 'attributes'));
ALTER TABLE "interaction" DROP CONSTRAINT "interaction_kind";
ALTER TABLE "interaction" ADD CONSTRAINT "interaction_kind" CHECK ("kind" IN ('track', 'identify', 'page', 'group', 'tend'));
-- What a rule concludes is computed where it is asked for: a stored conclusion would outlive what it rests on.
ALTER TABLE "attribute" ADD CONSTRAINT "attribute_source" CHECK ("source" IN ('rep', 'form', 'website', 'api', 'import', 'agency'));

-- Identifies and groups that are still to be applied. A group waits until it is known whose it is.
DROP INDEX "interaction_unlinked";
CREATE INDEX "interaction_unlinked" ON "interaction"("id") WHERE "linked_at" IS NULL AND ("kind" = 'identify' OR ("kind" = 'group' AND "lead_id" IS NOT NULL));

-- A company's name is an attribute like its others, with its source and its date.
ALTER TABLE "account" DROP COLUMN "name";
-- How far its leads have been marked to be scored anew since something was said about the company.
ALTER TABLE "account" ADD COLUMN "refold_after" UUID;
CREATE INDEX "account_refold" ON "account"("id") WHERE "refold_after" IS NOT NULL;
-- The leads of a company in id order, a part at a time.
DROP INDEX "lead_account_id_idx";
CREATE INDEX "lead_account_id_id_idx" ON "lead"("account_id", "id");
