import { TendError } from '../domain/errors.ts';
import type { Question } from '../domain/sequence/question.ts';
import type { CompiledTemplate } from './compile-template.ts';
import { addOpenPixel, answerUrl, type LinkOptions, trackLinks, unsubscribeUrl } from './links.ts';
import { localeOf, renderMail } from './render-mail.ts';
import {
  type ColleagueMailFacts,
  type CurrentAttributes,
  colleagueVariables,
  leadVariables,
  type MailVariables,
  questionVariables,
  type RepMailFacts,
  repVariables,
} from './variables.ts';

/** A mail as the transport takes it. */
export interface OutgoingMail {
  readonly envelope: { readonly from: string; readonly to: string };
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  /** The fixed Message-ID header, with its angle brackets. */
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ComposeOptions extends LinkOptions {
  /** `Name <address>`. */
  readonly from: string;
}

export interface LeadMailInput {
  readonly compiled: CompiledTemplate;
  /** The message's row: its id signs the links, its header was fixed with the intent. */
  readonly message: {
    readonly id: string;
    readonly messageIdHeader: string;
    /** What the mail asks. Null, as by default: nothing. */
    readonly question?: Question | null;
  };
  /** The lead as the claim found it. */
  readonly lead: { readonly email: string; readonly locale: string | null; readonly attributes: CurrentAttributes };
}

/**
 * Composes a marketing mail: rendered, links tracked, open pixel, one-click unsubscription. Pure: the same input gives
 * the same mail. The text part keeps its links as they are, for people who read it see the addresses.
 *
 * Throws `render-failed` (a variable is missing, the template asks and the message does not, or the other way round),
 * never with a lead's data in it.
 */
export function composeLeadMail(input: LeadMailInput, options: ComposeOptions): OutgoingMail {
  const { compiled, message, lead } = input;
  if (compiled.recipient !== 'lead') {
    throw new TendError('render-failed', 'This template is for people of the company: it has no unsubscribe link.');
  }
  const unsubscribe = unsubscribeUrl(options, message.id);
  const asked = askedIn(compiled, message, lead.locale, options);
  const variables = { ...leadVariables(lead), ...asked, unsubscribeUrl: unsubscribe };
  const rendered = renderMail(compiled, lead.locale, variables);
  return {
    envelope: { from: bareAddress(options.from), to: lead.email },
    from: options.from,
    to: lead.email,
    subject: rendered.subject,
    html: addOpenPixel(trackLinks(rendered.html, options, message.id), options, message.id),
    text: rendered.text,
    messageId: message.messageIdHeader,
    headers: {
      // RFC 8058 §3.1: both headers, and the address must take a POST without further questions.
      'List-Unsubscribe': `<${unsubscribe}>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    },
  };
}

/** The variables of what the message asks. */
function askedIn(
  compiled: CompiledTemplate,
  { id, question = null }: LeadMailInput['message'],
  locale: string | null,
  options: LinkOptions,
): MailVariables {
  if (question === null) {
    if (compiled.asks !== true) return {};
    throw new TendError(
      'render-failed',
      'This template asks a question, and this step has none: send it by a step of kind: ask.',
    );
  }
  // It would go out without its question, which would count as asked.
  if (compiled.asks !== true)
    throw new TendError(
      'render-failed',
      'This step asks a question, and its template shows none: take one with "asks: true".',
    );
  return questionVariables(question, localeOf(compiled, locale), (choice) =>
    answerUrl(options, id, question.attribute, choice),
  );
}

export interface RepMailInput {
  readonly compiled: CompiledTemplate;
  readonly message: { readonly id: string; readonly messageIdHeader: string };
  readonly facts: RepMailFacts;
  readonly locale: string | null;
}

/**
 * Composes the mail that offers a lead to a representative. Nothing in it is tracked.
 *
 * Throws `render-failed`, never with anybody's data in it.
 */
export function composeRepMail(input: RepMailInput, options: ComposeOptions): OutgoingMail {
  const { facts } = input;
  return composeInternal(input, facts.rep.email, repVariables(facts, options.publicUrl), options);
}

export interface ColleagueMailInput {
  readonly compiled: CompiledTemplate;
  readonly message: { readonly messageIdHeader: string };
  /** The colleague's; null for the template's default. */
  readonly locale: string | null;
  readonly facts: ColleagueMailFacts;
}

/**
 * Composes the mail by which a step of a sequence tells a colleague of a lead. Nothing in it is tracked.
 *
 * Throws `render-failed`: a variable is missing, or the template is not for colleagues.
 */
export function composeColleagueMail(input: ColleagueMailInput, options: ComposeOptions): OutgoingMail {
  const { compiled, facts } = input;
  if (compiled.recipient !== 'colleague')
    throw new TendError('render-failed', 'This template is not for colleagues: set "recipient: colleague".');
  return composeInternal(input, facts.colleague.email, colleagueVariables(facts, options.publicUrl), options);
}

/** A mail within the company. */
function composeInternal(
  { compiled, message, locale }: Pick<ColleagueMailInput, 'compiled' | 'message' | 'locale'>,
  to: string,
  variables: MailVariables,
  options: ComposeOptions,
): OutgoingMail {
  return {
    envelope: { from: bareAddress(options.from), to },
    from: options.from,
    to,
    ...renderMail(compiled, locale, variables),
    messageId: message.messageIdHeader,
    // RFC 3834 §5: out-of-office replies to it would answer nobody.
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

function bareAddress(mailbox: string): string {
  return /<([^<>]+)>\s*$/.exec(mailbox)?.[1] ?? mailbox.trim();
}
