/** One line of a comparison: only before, only after, in both, or a number of equal lines left out. */
export type DiffLine =
  | { readonly kind: 'removed' | 'added' | 'kept'; readonly text: string }
  | { readonly kind: 'skipped'; readonly lines: number };

/** How many equal lines are shown around a change. */
const CONTEXT = 2;
/** Beyond this many comparisons the changed part is shown as replaced whole: nobody reads such a difference line by line. */
const MOST_COMPARISONS = 16_000_000;

/** What makes `after` of `before`, line by line, by the longest common subsequence. Equal texts give nothing. */
export function diffLines(before: string, after: string): DiffLine[] {
  if (before === after) return [];
  const [a, b] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const kept = (lines: readonly string[]) => lines.map((text): DiffLine => ({ kind: 'kept', text }));
  return withContext([
    ...kept(a.slice(0, start)),
    ...changes(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...kept(a.slice(a.length - end)),
  ]);
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function changes(a: readonly string[], b: readonly string[]): DiffLine[] {
  const replaced = (): DiffLine[] => [
    ...a.map((text): DiffLine => ({ kind: 'removed', text })),
    ...b.map((text): DiffLine => ({ kind: 'added', text })),
  ];
  const width = b.length + 1;
  if (a.length * width > MOST_COMPARISONS) return replaced();
  // The length of the longest common subsequence of what comes from line i of `a` and line j of `b` on.
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1)
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [before, after] = [a[i], b[j]];
    if (before !== undefined && before === after) {
      lines.push({ kind: 'kept', text: before });
      i += 1;
      j += 1;
    } else if (before !== undefined && (after === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: 'removed', text: before });
      i += 1;
    } else if (after !== undefined) {
      lines.push({ kind: 'added', text: after });
      j += 1;
    }
  }
  return lines;
}

/** Leaves out equal lines that are far from any change. */
function withContext(lines: readonly DiffLine[]): DiffLine[] {
  const near = new Set<number>();
  for (const [index, { kind }] of lines.entries()) {
    if (kind === 'kept') continue;
    for (let at = index - CONTEXT; at <= index + CONTEXT; at += 1) near.add(at);
  }
  const shown: DiffLine[] = [];
  for (const [index, line] of lines.entries()) {
    const last = shown.at(-1);
    if (near.has(index)) shown.push(line);
    else if (last?.kind === 'skipped') shown[shown.length - 1] = { kind: 'skipped', lines: last.lines + 1 };
    else shown.push({ kind: 'skipped', lines: 1 });
  }
  return shown;
}
