-- Which versions leads are in: what is told of a company is news for those too that are live no more.
CREATE INDEX "enrolment_running_version" ON "enrolment"("sequence_version_id") WHERE "state" IN ('entering', 'active');
