import { type LeafKind, leafKinds, leafSchemas } from './leaf-schema.ts';
import { type Problem, problemsOf, UNKNOWN_FIELD } from './one-of.ts';

/** Deeper than anybody can read; evaluation recurses over it. */
export const MOST_DEPTH = 20;
/** Parts of one condition, counted over all levels: each is looked at for each lead. */
export const MOST_PARTS = 500;

type Path = Problem['path'];
type Kind = 'all' | 'any' | 'not' | LeafKind;
const kinds: readonly Kind[] = ['all', 'any', 'not', ...leafKinds];

/** What is wrong with `input` as a condition, each with its place and its mend. Nothing: it is one. */
export function conditionProblems(input: unknown): readonly Problem[] {
  const check: Check = { problems: [], parts: 0 };
  checkPart(input, [], 1, check);
  if (check.parts <= MOST_PARTS) return check.problems;
  const message = `has more than ${MOST_PARTS} parts: name many values in one list (in: [..]), or ask for fewer things`;
  return [{ path: [], message }];
}

interface Check {
  readonly problems: Problem[];
  parts: number;
}

function checkPart(part: unknown, path: Path, depth: number, check: Check): void {
  check.parts += 1;
  if (check.parts > MOST_PARTS) return;
  if (depth > MOST_DEPTH) {
    check.problems.push({ path, message: `is nested more than ${MOST_DEPTH} deep: put conditions side by side` });
    return;
  }
  const kind = kindOf(part);
  if (typeof kind !== 'string') {
    check.problems.push({ path, message: kind.problem });
    return;
  }
  const fields = part as Readonly<Record<Kind, unknown>>;
  switch (kind) {
    case 'all':
    case 'any':
      checkNoOthers(fields, kind, path, check);
      checkParts(fields[kind], [...path, kind], depth, check);
      return;
    case 'not':
      checkNoOthers(fields, kind, path, check);
      checkPart(fields.not, [...path, kind], depth + 1, check);
      return;
    case 'lead':
    case 'account':
    case 'stage':
    case 'score':
    case 'event':
      for (const problem of problemsOf(leafSchemas[kind], part))
        check.problems.push({ path: [...path, ...problem.path], message: problem.message });
  }
}

function checkParts(parts: unknown, path: Path, depth: number, check: Check): void {
  if (!Array.isArray(parts)) check.problems.push({ path, message: 'must be a list of conditions' });
  else if (parts.length === 0) check.problems.push({ path, message: 'is empty: add a condition, or leave it out' });
  else {
    for (const [index, part] of parts.entries()) {
      if (check.parts > MOST_PARTS) return;
      checkPart(part, [...path, index], depth + 1, check);
    }
  }
}

/** The one field that says what kind of condition `part` is, or what is wrong. */
function kindOf(part: unknown): Kind | { readonly problem: string } {
  if (Array.isArray(part))
    return { problem: 'is a list: write { all: [..] } if all must hold, { any: [..] } if one must' };
  if (typeof part !== 'object' || part === null)
    return { problem: 'must be a condition, such as { lead: position, is: Head of IT }' };
  const [kind, other] = kinds.filter((candidate) => Object.hasOwn(part, candidate));
  if (kind === undefined) return { problem: `is not a condition: it needs one of ${kinds.join(', ')}` };
  if (other === undefined) return kind;
  return { problem: `has both ${kind} and ${other}: a condition has one of them; put two into all: [..]` };
}

function checkNoOthers(fields: object, kind: Kind, path: Path, check: Check): void {
  for (const key of Object.keys(fields))
    if (key !== kind) check.problems.push({ path: [...path, key], message: UNKNOWN_FIELD });
}
