import { mailingOf } from '../domain/mailing/mailing.ts';

/** `the sequence "welcome"`; a mailing, which is lived as a sequence, as what it is. */
export function sequenceInWords(key: string): string {
  const mailing = mailingOf(key);
  return mailing === null ? `the sequence "${key}"` : `the mailing "${mailing}"`;
}
