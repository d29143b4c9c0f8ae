import type { Properties } from '../interaction/interaction.ts';
import { normaliseEmail } from './normalise.ts';

export interface GivenIdentity {
  readonly kind: 'email' | 'user_id' | 'anonymous_id';
  readonly value: string;
}

/** The identities that an identify gives, normalised. `context` is as stored: `{ traits, userId?, anonymousId? }`. */
export function identitiesIn(context: Properties): GivenIdentity[] {
  const identities: GivenIdentity[] = [];
  const { userId, anonymousId } = context;
  if (typeof userId === 'string' && userId.trim() !== '') identities.push({ kind: 'user_id', value: userId.trim() });
  const email = normaliseEmail(traitsIn(context).email);
  if (email !== null) identities.push({ kind: 'email', value: email });
  if (typeof anonymousId === 'string' && anonymousId.trim() !== '')
    identities.push({ kind: 'anonymous_id', value: anonymousId.trim() });
  return identities;
}

/** The traits of a stored identify. */
export function traitsIn(context: Properties): Properties {
  const { traits } = context;
  return typeof traits === 'object' && traits !== null && !Array.isArray(traits) ? (traits as Properties) : {};
}
