import { TendError } from '../domain/errors.ts';
import type { CompiledTemplate } from './compile-template.ts';
import { addOpenPixel, type LinkOptions, trackLinks, unsubscribeUrl } from './links.ts';
import { renderMail } from './render-mail.ts';
import { type CurrentAttributes, leadVariables, type RepMailFacts, repVariables } from './variables.ts';

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
  readonly message: { readonly id: string; readonly messageIdHeader: string };
  /** The lead as the claim found it. */
  readonly lead: { readonly email: string; readonly locale: string | null; readonly attributes: CurrentAttributes };
}

/**
 * Composes a marketing mail: rendered, links tracked, open pixel, one-click unsubscription. Pure: the same input gives
 * the same mail. The text part keeps its links as they are, for people who read it see the addresses.
 *
 * Throws `render-failed` (a variable is missing), never with a lead's data in it.
 */
export function composeLeadMail(input: LeadMailInput, options: ComposeOptions): OutgoingMail {
  const { compiled, message, lead } = input;
  if (compiled.recipient !== 'lead') {
    throw new TendError('render-failed', 'This template is for representatives: it has no unsubscribe link.');
  }
  const unsubscribe = unsubscribeUrl(options, message.id);
  const variables = { ...leadVariables(lead), unsubscribeUrl: unsubscribe };
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
  const { compiled, message, facts, locale } = input;
  const rendered = renderMail(compiled, locale, repVariables(facts, options.publicUrl));
  return {
    envelope: { from: bareAddress(options.from), to: facts.rep.email },
    from: options.from,
    to: facts.rep.email,
    ...rendered,
    messageId: message.messageIdHeader,
    // RFC 3834 §5: out-of-office replies to it would answer nobody.
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

function bareAddress(mailbox: string): string {
  return /<([^<>]+)>\s*$/.exec(mailbox)?.[1] ?? mailbox.trim();
}
