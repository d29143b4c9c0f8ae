import { defineSignal } from '@temporalio/workflow';
import { LOOK } from './names.ts';

/** The payload-free signal that says: plan again. */
export const look = defineSignal(LOOK);
