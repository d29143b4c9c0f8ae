/**
 * What is known of a statement about a lead. Unknown is not no: who was never asked for a budget has not said "none".
 * The logic is Kleene's strong one (Introduction to Metamathematics, 1952, § 64): a part that is unknown matters only
 * where the known parts do not decide.
 */
export type Truth = 'true' | 'false' | 'unknown';

export function truth(holds: boolean): Truth {
  return holds ? 'true' : 'false';
}

export function not(part: Truth): Truth {
  return part === 'unknown' ? 'unknown' : truth(part === 'false');
}

/** False if any part is false, else unknown if any is unknown. Without parts true. */
export function allOf(parts: Iterable<Truth>): Truth {
  let result: Truth = 'true';
  for (const part of parts) {
    if (part === 'false') return 'false';
    if (part === 'unknown') result = 'unknown';
  }
  return result;
}

/** True if any part is true, else unknown if any is unknown. Without parts false. */
export function anyOf(parts: Iterable<Truth>): Truth {
  let result: Truth = 'false';
  for (const part of parts) {
    if (part === 'true') return 'true';
    if (part === 'unknown') result = 'unknown';
  }
  return result;
}
