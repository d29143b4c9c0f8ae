/** A published template, as far as deciding needs it. */
export interface Content {
  /** The content across versions, templates and sequences: a person gets it once … */
  readonly lineage: string;
  /** … unless it may be repeated. */
  readonly repeatable: boolean;
  /** The key of the sender that it goes by. Default: `DEFAULT_SENDER`. */
  readonly sender?: string;
}
