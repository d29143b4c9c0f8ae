import type { AttributeSource } from '../attributes/statement.ts';
import { fitValue } from '../attributes/value.ts';
import type { DeclaredAttribute, Vocabulary } from '../attributes/vocabulary.ts';
import { isTrue } from '../conditions/evaluate.ts';
import type { Facts, KnownValue } from '../conditions/facts.ts';
import type { Json } from '../interaction/interaction.ts';

/**
 * What would be known if the lead gave `value` for `name` in a form now: that, and whatever is then concluded from it.
 * Only values matter here, so a conclusion's date is that of the question. What a conclusion that would fall away has
 * hidden (a source that is believed less than it) is not among the facts, and taken for unknown.
 */
export function supposing(vocabulary: Vocabulary, facts: Facts, name: string, value: Json): Facts {
  const concluded = new Map<string, KnownValue | null>([
    [name, { value, source: 'form', at: facts.now, confidence: 1 }],
  ]);

  function lead(other: string): KnownValue | null {
    const found = concluded.get(other);
    if (found !== undefined) return found;
    const known = facts.lead(other);
    const declared = vocabulary.lead.get(other);
    // Publishing refuses conclusions that go round in a circle; were there one, it would end here.
    concluded.set(other, known);
    const result = declared === undefined || !mayBeConcluded(declared, known) ? known : conclude(declared, known);
    concluded.set(other, result);
    return result;
  }

  function conclude(declared: DeclaredAttribute, known: KnownValue | null): KnownValue | null {
    for (const { when, value: conclusion, confidence } of declared.infer) {
      const fitted = fitValue(declared, conclusion);
      if ('problem' in fitted || !isTrue(when, supposed)) continue;
      return { value: fitted.value, source: 'inference', at: facts.now, confidence };
    }
    return known?.source === 'inference' ? null : known;
  }

  // What a company is concluded to be rests on attributes of the company alone: no answer of a person changes it.
  const supposed: Facts = { ...facts, lead };
  return supposed;
}

/** True where a conclusion counts before whatever is known now: nothing, another conclusion, or a lesser source. */
function mayBeConcluded({ infer, ranks }: DeclaredAttribute, known: KnownValue | null): boolean {
  const rank = ranks.get('inference');
  if (infer.length === 0 || rank === undefined) return false;
  return known === null || (ranks.get(known.source as AttributeSource) ?? Infinity) >= rank;
}
