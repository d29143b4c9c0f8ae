-- Why an interaction is taken for a machine's: a reason of domain/tracking/judge-hits.ts, or 'by-hand'. The hits that it
-- was told by are deleted after a while; the reason stays.
ALTER TABLE "interaction" ADD COLUMN "discounted_why" TEXT;
