import type { Request, RequestHandler } from 'express';
import type { Actor } from '../../domain/actor.ts';
import { TendError } from '../../domain/errors.ts';
import type { ApiKey, ApiKeyKind } from '../../store/api-keys.ts';
import type { FindKey } from './api-key-cache.ts';

/** The key of a request's Authorization header: `Bearer <key>`, or Basic with the key as user name (RFC 7617). */
export function keyInHeader(header: string | undefined): string | null {
  if (header === undefined) return null;
  const space = header.indexOf(' ');
  const scheme = header.slice(0, space).toLowerCase();
  const credentials = header.slice(space + 1).trim();
  if (scheme === 'bearer') return credentials === '' ? null : credentials;
  if (scheme !== 'basic') return null;
  const text = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const user = colon === -1 ? text : text.slice(0, colon);
  return user === '' ? null : user;
}

const WHERE: Readonly<Record<ApiKeyKind, string>> = {
  write: 'HTTP Basic with the write key as user name, or "writeKey" in the body',
  secret: '"Authorization: Bearer <secret key>"',
};

/** The key in force, of the kind wanted. Throws `key-missing`, `key-unknown` and `key-of-wrong-kind`. */
export function checkKey(key: ApiKey | null, wanted: ApiKeyKind): ApiKey {
  if (key === null) throw new TendError('key-unknown', 'This key is not known, or was revoked.');
  if (key.kind !== wanted)
    throw new TendError('key-of-wrong-kind', `This is a ${key.kind} key; a ${wanted} key is needed here.`);
  return key;
}

export function keyMissing(wanted: ApiKeyKind): TendError {
  return new TendError('key-missing', `Give a ${wanted} key: ${WHERE[wanted]}.`);
}

const actors = new WeakMap<Request, Actor>();

/** Lets requests with a secret key pass. */
export function authenticateSecretKey(findKey: FindKey): RequestHandler {
  return async (request, _response, next) => {
    const text = keyInHeader(request.headers.authorization);
    if (text === null) throw keyMissing('secret');
    const key = checkKey(await findKey(text), 'secret');
    actors.set(request, { kind: 'key', name: key.name });
    next();
  };
}

/** Who makes this request, after `authenticateSecretKey`. */
export function actorOf(request: Request): Actor {
  const actor = actors.get(request);
  if (actor === undefined) throw new Error('this request was not authenticated');
  return actor;
}
