import { type RequestHandler, Router } from 'express';
import { companyDomainOf } from '../../domain/account/company-domain.ts';
import { accountReportSchema } from '../../domain/attributes/report.ts';
import { TendError } from '../../domain/errors.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { readAccount } from '../../store/read-account.ts';
import { recordAccountAttributes } from '../../store/record-attributes.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';

/** `/api/accounts`: companies, by their domain. */
export function accountRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const read: RequestHandler<{ domain: string }> = async (request, response) => {
    response.json(isoInstants(await readAccount(database, companyOf(request.params.domain), clock.now())));
  };

  const record: RequestHandler<{ domain: string }> = async (request, response) => {
    const domain = companyOf(request.params.domain);
    const { attributes, ...said } = parseInput(accountReportSchema, request.body);
    const report = { domain, values: attributes, ...said, actor: actorOf(request), now: clock.now() };
    await recordAccountAttributes(database, report);
    response.status(201).json(isoInstants(await readAccount(database, domain, clock.now())));
  };

  path(router, '/:domain', { get: read });
  path(router, '/:domain/attributes', { post: record });
  return router;
}

/** `www.modehaus.de` is modehaus.de. */
function companyOf(text: string): string {
  const domain = companyDomainOf(text);
  if (domain !== null) return domain;
  throw new TendError('invalid-request', 'The domain in the address is not a company’s.', [
    {
      path: 'domain',
      problem: 'must be a domain such as modehaus.de; at a public mailbox provider nobody has a company',
    },
  ]);
}
