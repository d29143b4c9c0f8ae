import type { z } from 'zod';
import { leavesNotAllowed } from '../conditions/leaves.ts';
import { caseless } from '../conditions/read-value.ts';
import type { AttributeDefinition, AttributeSet } from './definition.ts';
import { attributeKey, cycleProblem, findInferenceCycle } from './inference-order.ts';
import { fitValue } from './value.ts';

type Report = (path: readonly (string | number)[], message: string) => void;

/** What no single field of a set shows: values that the type does not know, conclusions from what cannot be asked. */
export function checkAttributeSet(set: AttributeSet, context: z.RefinementCtx): void {
  const report: Report = (path, message) =>
    context.addIssue({ code: 'custom', path: ['attributes', ...path], message });
  const seen = new Set<string>();
  for (const [index, attribute] of set.attributes.entries()) {
    if (seen.has(attributeKey(attribute)))
      report([index, 'name'], `"${attribute.name}" of the ${attribute.of} is declared twice: each needs its own name`);
    seen.add(attributeKey(attribute));
    const within: Report = (path, message) => report([index, ...path], message);
    checkChoices(attribute, within);
    checkWordings(attribute, within);
    checkInferences(attribute, within);
  }
  const cycle = findInferenceCycle(set.attributes);
  if (cycle === null) return;
  const { path, problem } = cycleProblem(cycle, set.attributes);
  report(path, problem);
}

function checkChoices({ type, choices }: AttributeDefinition, report: Report): void {
  if (type !== 'choice') {
    if (choices !== undefined)
      report(['choices'], `belongs to type: choice, and this is a ${type}: change one of them`);
    return;
  }
  if (choices === undefined) {
    report(['choices'], 'is needed for type: choice: list what may be chosen');
    return;
  }
  const seen = new Set<string>();
  for (const [index, choice] of choices.entries()) {
    // Answers are read without regard to case.
    if (seen.has(caseless(choice))) report(['choices', index], `"${choice}" is listed twice: keep one of them`);
    seen.add(caseless(choice));
  }
}

function checkWordings({ type, choices, question, wordings = {} }: AttributeDefinition, report: Report): void {
  const known = type === 'boolean' ? ['yes', 'no'] : (choices ?? []);
  if (question === undefined && Object.keys(wordings).length > 0)
    report(['wordings'], 'belong to a question: add question, or take wordings out');
  for (const [locale, wording] of Object.entries(wordings)) {
    for (const choice of Object.keys(wording.choices ?? {})) {
      if (known.includes(choice)) continue;
      const mend = known.length === 0 ? 'it has none' : `they are ${known.join(', ')}`;
      report(['wordings', locale, 'choices', choice], `"${choice}" is none of the choices: ${mend}`);
    }
  }
}

const LEAVES_OF: Readonly<Record<AttributeDefinition['of'], ReadonlySet<'lead' | 'account'>>> = {
  lead: new Set(['lead', 'account']),
  // The leads of a company share what is known of it, so it cannot depend on which of them is asked about.
  account: new Set(['account']),
};

function checkInferences(attribute: AttributeDefinition, report: Report): void {
  const { infer, of, sources } = attribute;
  if (infer.length > 0 && sources !== undefined && !sources.some((rank) => rank.includes('inference')))
    report(['sources'], 'leaves out inference, so that infer would never count: add inference, or take infer out');
  const ids = new Set<string>();
  for (const [index, { id, when, value }] of infer.entries()) {
    if (ids.has(id)) report(['infer', index, 'id'], `"${id}" is used twice: each needs its own`);
    ids.add(id);
    for (const leaf of leavesNotAllowed(when, LEAVES_OF[of])) {
      const mend =
        of === 'account'
          ? 'an attribute of the company can be concluded from attributes of the company only'
          : 'a conclusion can only ask about attributes of the lead and of the account';
      report(['infer', index, 'when', ...leaf], mend);
    }
    const fitted = fitValue(attribute, value);
    if ('problem' in fitted) report(['infer', index, 'value'], fitted.problem);
    else if (fitted.value === null)
      report(['infer', index, 'value'], 'must be a value: nothing can be concluded to be unknown');
  }
}
