import { DOUBLE_OPT_IN } from '../domain/consent/policy.ts';
import { TendError } from '../domain/errors.ts';
import { bareAddress, type Sender } from '../domain/sender/sender.ts';
import type { Question } from '../domain/sequence/question.ts';
import type { CompiledTemplate } from './compile-template.ts';
import type { Dispatch } from './dispatch.ts';
import {
  addOpenPixel,
  addTrap,
  answerUrl,
  confirmUrl,
  type LinkOptions,
  preferencesUrl,
  renewUrl,
  trackLinks,
  unsubscribeUrl,
  viewUrl,
} from './links.ts';
import { localeOf, renderMail } from './render-mail.ts';
import { addUtm } from './utm.ts';
import {
  type ColleagueMailFacts,
  type CurrentAttributes,
  colleagueVariables,
  leadVariables,
  type MailVariables,
  questionVariables,
  type ReplyMailFacts,
  type RepMailFacts,
  replyVariables,
  repVariables,
  senderVariables,
} from './variables.ts';

/** A mail as the transport takes it. */
export interface OutgoingMail {
  readonly envelope: { readonly from: string; readonly to: string };
  readonly from: string;
  readonly to: string;
  readonly replyTo?: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  /** The fixed Message-ID header, with its angle brackets. */
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
  /** By which server, signed as whom; absent: the installation's own server, unsigned. */
  readonly dispatch?: Dispatch;
}

export interface ComposeOptions extends LinkOptions {
  /** `Name <address>`: who mails within the company are from. */
  readonly from: string;
}

export interface LeadMailInput {
  readonly compiled: CompiledTemplate;
  /** The message's row: its id signs the links, its header was fixed with the intent. */
  readonly message: {
    readonly id: string;
    readonly messageIdHeader: string;
    readonly purpose: string;
    /** The purpose needs no marketing consent (`basisOf`): nothing in the mail is tracked. */
    readonly exempt: boolean;
    /** What the mail asks. Null, as by default: nothing. */
    readonly question?: Question | null;
  };
  /** The lead as the claim found it. `tracking`: this person agreed to have opens and clicks recorded. */
  readonly lead: {
    readonly email: string;
    readonly locale: string | null;
    readonly attributes: CurrentAttributes;
    readonly tracking: boolean;
  };
  /** Whose mail it is. */
  readonly sender: Sender;
}

/**
 * Composes a mail to a lead: rendered, one-click unsubscription, and, where the person agreed to it, links tracked and
 * an open pixel. Pure: the same input gives the same mail. The text part keeps its links as they are, for people who
 * read it see the addresses.
 *
 * Throws `render-failed` (a variable is missing, template and purpose don't fit each other, the template asks and the
 * message does not, or the other way round), never with a lead's data in it.
 */
export function composeLeadMail(input: LeadMailInput, options: ComposeOptions): OutgoingMail {
  const { compiled, message, lead, sender } = input;
  checkPurpose(compiled, message);
  const unsubscribe = unsubscribeUrl(options, message.id);
  const locale = localeOf(compiled, lead.locale);
  const variables = {
    ...leadVariables(lead),
    ...senderVariables(sender, locale),
    ...askedIn(compiled, message, locale, options),
    ...ownPages(message, options),
    unsubscribeUrl: unsubscribe,
  };
  const { utm } = compiled;
  const { subject, html, text } = renderMail(compiled, lead.locale, variables, (rendered) =>
    utm === undefined ? rendered : addUtm(rendered, utm, options),
  );
  const tracked = lead.tracking && !message.exempt && compiled.service !== true;
  return {
    envelope: { from: bareAddress(sender.from), to: lead.email },
    from: sender.from,
    to: lead.email,
    ...(sender.replyTo === undefined ? {} : { replyTo: sender.replyTo }),
    subject,
    html: tracked ? watched(html, options, message.id) : html,
    text,
    messageId: message.messageIdHeader,
    headers:
      compiled.service === true
        ? {}
        : {
            // RFC 8058 §3.1: both headers, and the address must take a POST without further questions.
            'List-Unsubscribe': `<${unsubscribe}>`,
            'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
          },
  };
}

/** With links that are recorded, the open pixel, and the link that only machines follow. */
function watched(html: string, options: LinkOptions, messageId: string): string {
  return addOpenPixel(addTrap(trackLinks(html, options, messageId), options, messageId), options, messageId);
}

/** A mail without a way out may go only where none is needed, and one that asks for consent must not advertise. */
function checkPurpose({ recipient, service }: CompiledTemplate, { purpose, exempt }: LeadMailInput['message']): void {
  if (recipient !== 'lead')
    throw new TendError('render-failed', 'This template is for people of the company: it has no unsubscribe link.');
  if (service === true && !exempt)
    throw new TendError(
      'render-failed',
      'This template is a service mail without unsubscribe link, and this purpose needs consent: take a marketing template, or give the purpose "basis: contract" in the consent policy.',
    );
  if (service !== true && purpose === DOUBLE_OPT_IN)
    throw new TendError(
      'render-failed',
      'A mail that asks to confirm a sign-up carries no advertising: take a template with "service: true".',
    );
  if (service !== true && exempt)
    throw new TendError(
      'render-failed',
      'This template is a marketing mail, and this purpose needs no consent: take a template with "service: true".',
    );
}

/** The addresses of Tend's own pages about this mail and its reader. */
function ownPages({ id, purpose }: LeadMailInput['message'], options: LinkOptions): MailVariables {
  return {
    preferencesUrl: preferencesUrl(options, id),
    viewUrl: viewUrl(options, id),
    ...(purpose === DOUBLE_OPT_IN ? { confirmUrl: confirmUrl(options, id) } : { renewUrl: renewUrl(options, id) }),
  };
}

/** The variables of what the message asks. */
function askedIn(
  compiled: CompiledTemplate,
  { id, question = null }: LeadMailInput['message'],
  locale: string,
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
  return questionVariables(question, locale, (choice) => answerUrl(options, id, question.attribute, choice));
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

export interface ReplyMailInput {
  readonly compiled: CompiledTemplate;
  readonly message: { readonly messageIdHeader: string };
  /** The colleague's; null for the template's default. */
  readonly locale: string | null;
  readonly facts: ReplyMailFacts;
}

/**
 * Composes the mail that forwards a lead's answer to a colleague, whose own answer goes to the lead.
 *
 * Throws `render-failed`: a variable is missing, or the template is not for colleagues.
 */
export function composeReplyMail(input: ReplyMailInput, options: ComposeOptions): OutgoingMail {
  const { compiled, facts } = input;
  if (compiled.recipient !== 'colleague')
    throw new TendError('render-failed', 'This template is not for colleagues: set "recipient: colleague".');
  const mail = composeInternal(input, facts.colleague.email, replyVariables(facts, options.publicUrl), options);
  return { ...mail, replyTo: facts.reply.from };
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
