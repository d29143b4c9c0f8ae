import { DOUBLE_OPT_IN } from '../domain/consent/policy.ts';
import type { Template } from '../domain/definition/template.ts';
import type { Sender } from '../domain/sender/sender.ts';
import type { Question } from '../domain/sequence/question.ts';
import type { CompiledTemplate } from './compile-template.ts';
import {
  type ComposeOptions,
  composeColleagueMail,
  composeLeadMail,
  composeReplyMail,
  composeRepMail,
  type OutgoingMail,
} from './compose.ts';
import { variablesIn } from './liquid.ts';
import type { CurrentAttributes, RepMailFacts } from './variables.ts';

/** Whom a template is tried on. */
export interface SampleReader {
  readonly locale: string | null;
  readonly attributes: CurrentAttributes;
  /** Default: some address. */
  readonly email?: string;
}

/** Of whom nothing is known but the address. */
export const NOBODY: SampleReader = { locale: null, attributes: {} };

/** For checks where no installation is: whose mail it is differs from one to the other. */
export const SAMPLE_SENDER: Sender = {
  key: 'default',
  name: 'Sample',
  from: 'Sample <sample@example.com>',
  imprint: { en: 'Sample Ltd, 1 Sample Street, Sampleton' },
  links: {},
  unknown: 'ask',
};

/** Where Tend's own pages are in samples. */
export const SAMPLE_URL = 'https://tend.example.com';
const SAMPLE_OPTIONS: ComposeOptions = {
  from: SAMPLE_SENDER.from,
  publicUrl: SAMPLE_URL,
  signingSecret: 'for samples, which nobody gets',
};
const message = { id: '00000000-0000-7000-8000-000000000000', messageIdHeader: '<sample@example.com>' };
const SAMPLE_ADDRESS = 'reader@example.com';
const AT = '2026-01-05T10:00:00.000Z';

const OPEN_QUESTION: Question = { attribute: 'sample', question: 'A question?', choices: [] };
const CHOICE_QUESTION: Question = { ...OPEN_QUESTION, choices: ['one', 'two'] };

export interface SampleInput {
  readonly template: Template;
  readonly compiled: CompiledTemplate;
  readonly sender: Sender;
  readonly locale: string;
  /** With tracked links, which make it longer. */
  readonly tracking: boolean;
  readonly options?: ComposeOptions;
}

/**
 * The mails that this reader would get from the template: one, or one for each kind of question that it may ask.
 *
 * Throws `render-failed`.
 */
export function sampleMails(
  { template, compiled, sender, locale, tracking, options = SAMPLE_OPTIONS }: SampleInput,
  { attributes, email = SAMPLE_ADDRESS }: SampleReader,
): OutgoingMail[] {
  if (template.recipient !== 'lead') return internalMails(compiled, locale, { attributes, email }, options);
  const purpose = template.service === true && names(compiled, 'confirmUrl') ? DOUBLE_OPT_IN : 'sample';
  const questions = template.asks === true ? [OPEN_QUESTION, CHOICE_QUESTION] : [null];
  return questions.map((question) =>
    composeLeadMail(
      {
        compiled,
        message: { ...message, purpose, exempt: template.service === true, question },
        lead: { email, locale, attributes, tracking },
        sender,
      },
      options,
    ),
  );
}

/** Mails within the company, of little and of much that is known. */
function internalMails(
  compiled: CompiledTemplate,
  locale: string,
  reader: { readonly attributes: CurrentAttributes; readonly email: string },
  options: ComposeOptions,
): OutgoingMail[] {
  const colleague = { key: 'sample', name: 'Sam Sample', email: 'sam@example.com' };
  const lead = { id: message.id, ...reader, stage: 'lead' };
  const bare = { ...lead, email: null };
  if (compiled.recipient === 'rep') {
    const handoff = { id: message.id, offeredAt: AT, acceptBy: null, points: 0, threshold: null, cell: null };
    const little: RepMailFacts = {
      rep: colleague,
      handoff: { ...handoff, sequence: 'Sample', reason: null },
      lead: bare,
      points: [],
    };
    const much: RepMailFacts = {
      rep: colleague,
      handoff: { ...handoff, acceptBy: AT, points: 53, threshold: 50, cell: 'A1', sequence: null, reason: 'A reason' },
      lead,
      points: [{ points: 53, rule: 'A rule', interaction: 'An Event', at: AT }],
    };
    return [little, much].map((facts) => composeRepMail({ compiled, message, locale, facts }, options));
  }
  if (names(compiled, 'reply')) {
    const reply = { from: SAMPLE_ADDRESS, subject: 'Re: Sample', text: 'An answer', at: AT };
    const facts = [
      { colleague: { ...colleague, name: null }, reply, lead: bare },
      { colleague, reply, lead },
    ];
    return facts.map((each) => composeReplyMail({ compiled, message, locale, facts: each }, options));
  }
  const notice = { colleague, sequence: { key: 'sample', name: 'Sample' }, step: 'sample' };
  const facts = [
    { ...notice, lead: bare, standings: [] },
    { ...notice, lead, standings: [{ model: 'Sample', points: 5, cell: null }] },
  ];
  return facts.map((each) => composeColleagueMail({ compiled, message, locale, facts: each }, options));
}

/** True where a text of the template names the variable. */
function names({ locales }: CompiledTemplate, variable: string): boolean {
  return Object.values(locales).some(({ html, text }) =>
    [variablesIn('html', html), text === null ? [] : variablesIn('text', text)].some((found) =>
      found.some(([name]) => name === variable),
    ),
  );
}
