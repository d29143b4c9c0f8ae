import type { Json } from '../domain/interaction/interaction.ts';

/** Instants are epoch milliseconds inside and ISO 8601 outside; these are the fields that hold one. */
const INSTANTS = new Set([
  'at',
  'acceptBy',
  'acceptedAt',
  'askedAt',
  'assessedAt',
  'beginsAt',
  'checkedAt',
  'claimedAt',
  'closedAt',
  'confirmedAt',
  'createdAt',
  'deadlineAt',
  'disabledAt',
  'doneAt',
  'dueAt',
  'endedAt',
  'endsAt',
  'enteredAt',
  'escalatedAt',
  'expiresAt',
  'finishedAt',
  'liftedAt',
  'linkedAt',
  'mailsFrom',
  'nextAttemptAt',
  'nextChangeAt',
  'nextLookAt',
  'offeredAt',
  'openedAt',
  'passedAt',
  'pausedAt',
  'pausedUntil',
  'pickedAt',
  'previousSecretUntil',
  'processedAt',
  'publishedAt',
  'qualifiedSince',
  'readAt',
  'requestedAt',
  'receivedAt',
  'resumedAt',
  'retryAt',
  'scheduledAt',
  'sentAt',
  'since',
  'staleAt',
  'startedAt',
  'until',
  'warnedAt',
]);

/** What people and websites wrote themselves; it is passed on as it is. */
const VERBATIM = new Set(['properties', 'value', 'live', 'draft', 'context', 'data']);

/** `view` as the API shows it. */
export function isoInstants(view: unknown): Json {
  if (Array.isArray(view)) return view.map(isoInstants);
  if (view === null || typeof view !== 'object') return view as Json;
  const shown: Record<string, Json> = {};
  for (const [name, value] of Object.entries(view)) {
    if (typeof value === 'number' && INSTANTS.has(name)) shown[name] = new Date(value).toISOString();
    else shown[name] = VERBATIM.has(name) ? (value as Json) : isoInstants(value);
  }
  return shown;
}
