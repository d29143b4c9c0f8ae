import { sendMail } from './activities.ts';

/** The mails that this run has asked to be sent. */
export interface Outbox {
  /** Has a mail sent, once at a time, without waiting for it: a mail in a queue must not hold up an offer to sales. */
  send(messageId: string, plannedAt: number): void;
  idle(): boolean;
  /** Throws what made a sending fail for good; then the workflow fails visibly and the sweep begins a new run. */
  check(): void;
}

/** `onDone` is told of each mail whose sending came to an end, however it ended: the next thing is to plan. */
export function createOutbox(onDone: () => void): Outbox {
  const underWay = new Set<string>();
  let failure: unknown;
  return {
    send(messageId, plannedAt) {
      if (underWay.has(messageId)) return;
      underWay.add(messageId);
      void sendMail({ messageId, notBefore: plannedAt })
        .catch((error: unknown) => {
          failure = error;
        })
        .finally(() => {
          underWay.delete(messageId);
          onDone();
        });
    },
    idle: () => underWay.size === 0,
    check() {
      if (failure !== undefined) throw failure;
    },
  };
}
