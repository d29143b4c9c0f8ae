// What the worker bundles: the names that workflows are started by.
export { handoff } from './handoff.ts';
export { leadJourney } from './lead-journey.ts';
