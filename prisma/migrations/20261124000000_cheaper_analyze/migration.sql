-- ANALYZE sorts a sample of every column it keeps statistics for, and the documents are by far the dearest to compare.
-- Nothing is ever searched by them, and on a small machine each analysis took a core from scoring for half a second.
ALTER TABLE "interaction" ALTER COLUMN "properties" SET STATISTICS 0;
ALTER TABLE "interaction" ALTER COLUMN "context" SET STATISTICS 0;
ALTER TABLE "interaction" ALTER COLUMN "claimed_at" SET STATISTICS 0;
ALTER TABLE "standing" ALTER COLUMN "fold_state" SET STATISTICS 0;
