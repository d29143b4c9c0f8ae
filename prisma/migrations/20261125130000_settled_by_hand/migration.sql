-- What a person adds when they settle by hand what became of a mail.
ALTER TABLE "message_event" ADD COLUMN "note" TEXT;
