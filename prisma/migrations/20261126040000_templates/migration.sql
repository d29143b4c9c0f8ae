-- What a template's version was compiled to before a layout or partial of it was published anew: a mail is shown as it was
-- sent, also when the frame around it has changed since.
CREATE TABLE "former_compilation" (
    "id" BIGSERIAL NOT NULL,
    "version_id" BIGINT NOT NULL,
    "compiled" JSONB NOT NULL,
    -- Mails claimed from then on are of a later one.
    "replaced_at" TIMESTAMPTZ(3) NOT NULL,
    CONSTRAINT "former_compilation_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "former_compilation_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "definition_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE INDEX "former_compilation_version_id_replaced_at_idx" ON "former_compilation"("version_id", "replaced_at");
