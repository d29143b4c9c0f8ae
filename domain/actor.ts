/** Who made a change: every change carries one. */
export interface Actor {
  readonly kind: 'person' | 'key' | 'rule' | 'system';
  /** A key's name, a person's login, a rule's or process's name. */
  readonly name: string;
}

export const system: Actor = { kind: 'system', name: 'tend' };

/** Whoever holds the link of a mail: its reader, as far as anybody can tell. */
export const recipient: Actor = { kind: 'person', name: 'recipient' };
