-- Of what a test lead does: it stands at the lead's own time already, which is ahead of the world's, and is not moved there again.
ALTER TABLE "interaction" ADD COLUMN "own_time" BOOLEAN;
