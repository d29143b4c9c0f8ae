import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { ComposeOptions } from '../../mail/compose.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { type ExportPart, exportLead } from '../../store/export-lead.ts';
import { isoInstants } from '../iso-instants.ts';
import { htmlExport } from '../lead-export-page.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';
import { languageOf } from '../pages.ts';
import { sendTexts } from '../send-texts.ts';

const querySchema = z.strictObject({
  format: z.enum(['json', 'html'], { error: 'must be json or html' }).default('json'),
  language: z.enum(['en', 'de'], { error: 'must be en or de' }).optional(),
});

/** `GET /api/leads/<id>/export`: all that is known of a person (Art. 15 GDPR), as data or as a page to print. */
export function exportRoutes(database: Database, clock: Clock, compose: ComposeOptions): Router {
  const router = Router();

  const show: RequestHandler<{ id: string }> = async (request, response) => {
    const { format, language = languageOf(request) } = parseInput(querySchema, request.query);
    const parts = await exportLead(database, { leadId: request.params.id, now: clock.now(), compose });
    const file = `lead-${request.params.id}.${format}`;
    response
      .type(format)
      .setHeader('Content-Disposition', `${format === 'html' ? 'inline' : 'attachment'}; filename="${file}"`);
    await sendTexts(response, format === 'html' ? htmlExport(parts, language) : jsonExport(parts));
  };

  path(router, '/:id/export', { get: show });
  return router;
}

/** One JSON object, written as it comes. */
export async function* jsonExport(parts: AsyncIterable<ExportPart>): AsyncGenerator<string> {
  yield '{';
  let between = '\n';
  for await (const part of parts) {
    yield `${between}${JSON.stringify(part.name)}: `;
    between = ',\n';
    if ('value' in part) {
      yield JSON.stringify(part.value);
      continue;
    }
    yield '[';
    let comma = '\n';
    for await (const row of part.rows) {
      yield `${comma}${JSON.stringify(isoInstants(row))}`;
      comma = ',\n';
    }
    yield ']';
  }
  yield '\n}\n';
}
