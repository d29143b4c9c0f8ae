/** A qualification question that a mail puts to a person. */
export interface Question {
  /** The attribute that an answer is recorded as. */
  readonly attribute: string;
  readonly question: string;
  /** What may be answered; empty: whatever the person writes. */
  readonly choices: readonly string[];
}
