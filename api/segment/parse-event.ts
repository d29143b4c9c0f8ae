import type { FieldProblem } from '../../domain/errors.ts';
import { LONGEST_ID, normaliseEmail, normaliseId } from '../../domain/identity/normalise.ts';
import type { Instant } from '../../domain/instant.ts';
import { GROUP_IDENTIFIED, type Json, type Properties } from '../../domain/interaction/interaction.ts';
import type { IdentityReference, NewInteraction } from '../../store/ingest-interactions.ts';
import { newId } from '../../store/new-id.ts';
import { type Cleaning, cleanProperties, cleanText, MOST_EVENT_BYTES } from './clean-json.ts';
import { occurrenceOf } from './timestamp.ts';

/** The calls of Segment's HTTP API that are taken. */
export const segmentCalls = ['track', 'identify', 'page', 'group'] as const;
export type SegmentCall = (typeof segmentCalls)[number];

/** What an event comes in with. */
export interface EventFrame {
  /** The write key's name. */
  readonly source: string;
  readonly receivedAt: Instant;
  readonly sentAt: Instant | null;
  /** What stands before each field's name in problems, such as `batch.3.`; empty for a single event. */
  readonly path: string;
}

const LONGEST_NAME = 200;
/** The name of every identify, so that rules can match it. */
export const IDENTIFIED = 'Identified';

/**
 * Reads one event in Segment's format. What is wrong goes to `problems`; then null is returned. Written by hand rather
 * than with a schema: this runs for every event of every website.
 */
export function parseEvent(
  call: SegmentCall,
  event: object,
  frame: EventFrame,
  problems: FieldProblem[],
): NewInteraction | null {
  const before = problems.length;
  const fields = event as Record<string, unknown>;
  const { path } = frame;
  const cleaning: Cleaning = { problems, bytes: 0 };
  const given = cleanProperties(fields.context, `${path}context`, cleaning);
  const traits = traitsOf(call, fields, given, path, cleaning);
  for (const trait of Object.keys(traits)) {
    if (trait.length > LONGEST_NAME) {
      problems.push({
        path: `${path}traits`,
        problem: `a trait's name is longer than ${LONGEST_NAME} characters: shorten it`,
      });
    }
  }
  // A group's traits are the company's: its `email` is nobody's own.
  const identity = identityOf(fields, call === 'group' ? asObject(given.traits) : traits, path, problems);
  const context = contextOf(call, fields, traits, given, path, problems);
  const name = nameOf(call, fields, path, problems);
  const messageId = messageIdOf(fields.messageId, path, problems);
  const occurrence = occurrenceOf(fields.timestamp, frame.sentAt, frame.receivedAt, `${path}timestamp`, problems);
  const properties =
    call === 'identify' || call === 'group'
      ? givenTraits(traits)
      : cleanProperties(fields.properties, `${path}properties`, cleaning);
  if (cleaning.bytes > MOST_EVENT_BYTES) {
    problems.push({
      path: path.slice(0, -1),
      problem: `is larger than ${MOST_EVENT_BYTES / 1024} KB: send less, or several events`,
    });
  }
  if (problems.length > before || identity === null) return null;
  return {
    source: frame.source,
    messageId,
    identity,
    kind: call,
    name,
    properties,
    context,
    occurredAt: occurrence.occurredAt,
    receivedAt: frame.receivedAt,
    claimedAt: occurrence.claimedAt,
  };
}

/** What is said about the person, or by a group about the company. */
function traitsOf(
  call: SegmentCall,
  fields: Record<string, unknown>,
  given: Properties,
  path: string,
  cleaning: Cleaning,
): Properties {
  if (call === 'identify') return cleanProperties(fields.traits ?? given.traits, `${path}traits`, cleaning);
  if (call === 'group') return cleanProperties(fields.traits, `${path}traits`, cleaning);
  return asObject(given.traits);
}

/** Who it was: the website's own id first, then the address, then the browser. */
function identityOf(
  fields: Record<string, unknown>,
  traits: Properties,
  path: string,
  problems: FieldProblem[],
): IdentityReference | null {
  for (const name of ['userId', 'anonymousId'] as const) {
    const value = fields[name];
    if (value === undefined || value === null || value === '') continue;
    if (normaliseId(value) === null)
      problems.push({ path: `${path}${name}`, problem: `must be a text of at most ${LONGEST_ID} characters` });
  }
  const userId = normaliseId(fields.userId);
  if (userId !== null) return { kind: 'user_id', value: cleanText(userId) };
  const email = normaliseEmail(traits.email);
  if (email !== null) return { kind: 'email', value: email };
  const anonymousId = normaliseId(fields.anonymousId);
  if (anonymousId !== null) return { kind: 'anonymous_id', value: cleanText(anonymousId) };
  const problem = 'says not who it was: give a userId, an anonymousId or a valid traits.email';
  problems.push({ path: `${path}userId`, problem });
  return null;
}

function nameOf(call: SegmentCall, fields: Record<string, unknown>, path: string, problems: FieldProblem[]): string {
  if (call === 'identify') return IDENTIFIED;
  if (call === 'group') return GROUP_IDENTIFIED;
  const field = call === 'track' ? 'event' : 'name';
  const value = fields[field];
  if (call === 'page' && (value === undefined || value === null || value === '')) return 'Page';
  const name = typeof value === 'string' ? cleanText(value).trim() : '';
  if (name === '' || name.length > LONGEST_NAME) {
    problems.push({ path: `${path}${field}`, problem: `must be a name of 1 to ${LONGEST_NAME} characters` });
  }
  return name;
}

/** The website's own id of the company, or its domain. */
function groupIdOf(value: unknown, path: string, problems: FieldProblem[]): string {
  const groupId = normaliseId(value);
  if (groupId !== null) return cleanText(groupId);
  problems.push({ path: `${path}groupId`, problem: `must be a text of 1 to ${LONGEST_ID} characters` });
  return '';
}

/** One that is missing is made; then nobody can tell a repetition from a second event. */
function messageIdOf(value: unknown, path: string, problems: FieldProblem[]): string {
  if (value === undefined || value === null || value === '') return newId();
  if (typeof value === 'string' && value.length <= LONGEST_ID) return cleanText(value);
  problems.push({ path: `${path}messageId`, problem: `must be a text of at most ${LONGEST_ID} characters` });
  return '';
}

/** Which traits were given, not their values: rules may match them, and the ledger's interactions hold no profile. */
function givenTraits(traits: Properties): Properties {
  const properties: Record<string, Json> = {};
  for (const [name, value] of Object.entries(traits)) {
    if (value !== null && value !== '') properties[`trait.${name}`] = true;
  }
  return properties;
}

function contextOf(
  call: SegmentCall,
  fields: Record<string, unknown>,
  traits: Properties,
  given: Properties,
  path: string,
  problems: FieldProblem[],
): Properties | null {
  if (call === 'identify') return identifyContext(fields, traits);
  if (call === 'group') return { groupId: groupIdOf(fields.groupId, path, problems), traits };
  return pageContext(given);
}

function identifyContext(fields: Record<string, unknown>, traits: Properties): Properties {
  const userId = normaliseId(fields.userId);
  const anonymousId = normaliseId(fields.anonymousId);
  return {
    traits,
    ...(userId === null ? {} : { userId: cleanText(userId) }),
    ...(anonymousId === null ? {} : { anonymousId: cleanText(anonymousId) }),
  };
}

/** Of the context only what an analysis of campaigns needs: not address, device and browser of the person. */
function pageContext(given: Properties): Properties | null {
  const { campaign, page } = given;
  if (campaign === undefined && page === undefined) return null;
  return { ...(campaign === undefined ? {} : { campaign }), ...(page === undefined ? {} : { page }) };
}

function asObject(value: Json | undefined): Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Properties) : {};
}
