-- Who else clicked from a network, or fell into a trap, at the same time: mailbox providers' networks load the pictures of
-- whole mailings within minutes, and none of these openings is to be looked through for the few clicks among them.
DROP INDEX "mail_hit_network";
CREATE INDEX "mail_hit_network" ON "mail_hit"("network_hash", "kind", "at") WHERE "network_hash" IS NOT NULL AND "kind" IN ('click', 'trap');
