import { defineSignal, setHandler } from '@temporalio/workflow';
import { LOOK } from './names.ts';

/** The payload-free signal that says: plan again. */
const look = defineSignal(LOOK);

/** Whether something has happened since the last plan began. */
export interface News {
  /** Says that something has happened, from within. */
  tell(): void;
  arrived(): boolean;
  /** A plan begins now and will see everything so far. */
  reset(): void;
}

/** Takes looks from now on. */
export function listenForNews(): News {
  let arrived = false;
  const tell = () => {
    arrived = true;
  };
  setHandler(look, tell);
  return {
    tell,
    arrived: () => arrived,
    reset() {
      arrived = false;
    },
  };
}
