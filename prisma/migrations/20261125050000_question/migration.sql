-- The question that a mail puts to its reader, as it was asked: {attribute, question, choices}.
ALTER TABLE "message" ADD COLUMN IF NOT EXISTS "question" JSONB;
