import nodemailer from 'nodemailer';
import type { Sender } from '../../domain/sender/sender.ts';
import type { CompiledTemplate } from '../compile-template.ts';
import { type ComposeOptions, composeLeadMail, type OutgoingMail } from '../compose.ts';
import type { DkimKeys } from '../dkim.ts';
import { fromSender } from '../from-sender.ts';
import { nodemailerMail } from '../smtp-pool.ts';

/** A template of the company; without one, the least that a mail to a lead can be. */
export interface SampleTemplate {
  readonly key: string;
  readonly compiled: CompiledTemplate;
}

const LEAST: SampleTemplate = {
  key: 'sample',
  compiled: {
    format: 1,
    recipient: 'lead',
    defaultLocale: 'en',
    locales: {
      en: {
        subject: 'A sample',
        html: '<p>Hello</p><p><a href="{{ unsubscribeUrl }}">Unsubscribe</a></p>',
        text: 'Hello\n\nUnsubscribe: {{ unsubscribeUrl }}\n',
      },
    },
  },
};

export interface Sample {
  /** As it would go over the line; of nobody, and sent to nobody. */
  readonly raw: string;
  /** Which template it was made of. */
  readonly template: string;
}

/**
 * A mail of this sender, composed and signed as every mail is, to an address that nobody has (RFC 2606). `template` that asks
 * for what is not known of nobody is passed over for the least that a mail can be.
 */
export async function sampleMail(
  sender: Sender,
  {
    compose,
    keys,
    template,
    messageIdDomain,
  }: { compose: ComposeOptions; keys: DkimKeys; template: SampleTemplate | null; messageIdDomain: string },
): Promise<Sample> {
  const id = '00000000-0000-4000-8000-000000000000';
  const composed = composeFirst(sender, [template, LEAST], id, compose, messageIdDomain);
  const origin = { purpose: 'sample', template: composed.template };
  const mail = fromSender(composed.mail, sender, { messageId: id, signingSecret: compose.signingSecret, origin });
  const found = sender.dkim === undefined ? null : await keys.find(sender.dkim);
  const key = sender.dkim !== undefined && found?.kind === 'key' ? { ...sender.dkim, privateKey: found.pem } : null;
  const builder = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message } = await builder.sendMail(nodemailerMail(mail, key));
  return { raw: message.toString(), template: composed.template };
}

function composeFirst(
  sender: Sender,
  templates: readonly (SampleTemplate | null)[],
  id: string,
  compose: ComposeOptions,
  messageIdDomain: string,
): { mail: OutgoingMail; template: string } {
  let failure: unknown;
  for (const template of templates) {
    if (template === null) continue;
    const { key, compiled } = template;
    const message = { id, messageIdHeader: `<${id}@${messageIdDomain}>`, purpose: 'sample', exempt: false };
    const lead = { email: 'nobody@recipient.invalid', locale: null, attributes: {}, tracking: true };
    try {
      return { mail: composeLeadMail({ compiled, message, lead, sender }, compose), template: key };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
