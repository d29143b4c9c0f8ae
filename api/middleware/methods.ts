import type { IRouter, RequestHandler } from 'express';
import { TendError } from '../../domain/errors.ts';

type Method = 'get' | 'post' | 'put' | 'delete';
/** `Parameters` are the named parts of the address. */
type Handlers<Parameters> = Partial<Record<Method, RequestHandler<Parameters> | RequestHandler<Parameters>[]>>;

/** Adds a path with its methods; any other method gets 405 and the list of those there are (RFC 9110 §15.5.6). */
export function path<Parameters>(router: IRouter, address: string, handlers: Handlers<Parameters>): void {
  const route = router.route(address);
  const allowed: string[] = [];
  for (const [method, handler] of Object.entries(handlers) as [
    Method,
    RequestHandler<Parameters> | RequestHandler<Parameters>[],
  ][]) {
    route[method](...([handler].flat() as RequestHandler[]));
    allowed.push(method.toUpperCase());
    if (method === 'get') allowed.push('HEAD');
  }
  route.all((request, response) => {
    response.setHeader('Allow', allowed.join(', '));
    throw new TendError('method-not-allowed', `${request.method} is not possible here; ${allowed.join(', ')} is.`);
  });
}
