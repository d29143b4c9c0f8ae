import type { FieldProblem } from '../../domain/errors.ts';
import type { NewInteraction } from '../../store/ingest-interactions.ts';
import { type EventFrame, parseEvent, type SegmentCall, segmentCalls } from './parse-event.ts';

/** More than fits into 500 KB of real events. */
const MOST_EVENTS = 2_500;

/**
 * Reads a batch. One bad event refuses the whole, with every problem named, so that the sender can mend and send it
 * again: had the good ones been stored, nobody would send the bad one again.
 */
export function parseBatch(
  batch: unknown,
  frame: Omit<EventFrame, 'path'>,
  problems: FieldProblem[],
): NewInteraction[] {
  if (!Array.isArray(batch) || batch.length === 0) {
    problems.push({ path: 'batch', problem: 'must be a list of events' });
    return [];
  }
  if (batch.length > MOST_EVENTS) {
    problems.push({ path: 'batch', problem: `holds ${batch.length} events: send at most ${MOST_EVENTS} at once` });
    return [];
  }
  const interactions: NewInteraction[] = [];
  batch.forEach((event: unknown, index) => {
    if (typeof event !== 'object' || event === null || Array.isArray(event)) {
      problems.push({ path: `batch.${index}`, problem: 'must be an object' });
      return;
    }
    const call = 'type' in event ? event.type : undefined;
    if (!isCall(call)) {
      problems.push({ path: `batch.${index}.type`, problem: `must be one of ${segmentCalls.join(', ')}` });
      return;
    }
    const interaction = parseEvent(call, event, { ...frame, path: `batch.${index}.` }, problems);
    if (interaction !== null) interactions.push(interaction);
  });
  return interactions;
}

function isCall(value: unknown): value is SegmentCall {
  return segmentCalls.some((call) => call === value);
}
