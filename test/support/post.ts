import { createSendMail } from '../../activities/send-mail.ts';
import { createMailTransport } from '../../mail/transport.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { planLead } from '../../store/plan-lead.ts';
import { sql } from '../../store/sql.ts';
import { type ReceivedMail, startMailbox } from './mailbox.ts';

/** What carries mail: the journeys' plans and their mail activity, over a real SMTP server. */
export interface TestPost {
  readonly mails: readonly ReceivedMail[];
  /** Does what the journeys of all leads whose plan may have changed do now, until nothing is left. Returns the mails that came. */
  deliver(): Promise<readonly ReceivedMail[]>;
  close(): Promise<void>;
}

export async function startPost(database: Database, clock: Clock, signingSecret: string): Promise<TestPost> {
  const mailbox = await startMailbox();
  const transport = createMailTransport({ smtpUrl: mailbox.url, connections: 1 });
  const compose = { publicUrl: 'https://tend.shop.example', signingSecret, from: 'Shop <shop@shop.example>' };
  const { sendMail } = createSendMail({ database, clock, transport, compose, leaseMs: 60_000 });

  async function journey(leadId: string): Promise<void> {
    for (;;) {
      const plan = await planLead(database, clock, leadId, { notBefore: 0, messageIdDomain: 'shop.example' });
      if (plan.send.length === 0) return;
      for (const messageId of plan.send) await sendMail({ messageId, notBefore: plan.plannedAt });
    }
  }

  return {
    mails: mailbox.mails,
    async deliver() {
      const before = mailbox.mails.length;
      const leads = await database.query<{ id: string }>(sql`
        SELECT id FROM lead WHERE merged_into IS NULL AND (attention_rev <> planned_rev OR next_look_at <= ${new Date(clock.now())})`);
      for (const { id } of leads) await journey(id);
      return mailbox.mails.slice(before);
    },
    async close() {
      transport.close();
      await mailbox.close();
    },
  };
}

/** A mail's text part and its links, decoded as a mail program does. */
export function readable({ source }: ReceivedMail): { readonly text: string; readonly links: readonly string[] } {
  const text = source
    .split(/\r?\n--[^\r\n]+\r?\n/)
    .filter((part) => /content-type: text\//i.test(part))
    .map((part) => {
      const [head = '', ...body] = part.split(/\r?\n\r?\n/);
      const raw = body.join('\n\n');
      if (/base64/i.test(head)) return Buffer.from(raw, 'base64').toString('utf8');
      if (!/quoted-printable/i.test(head)) return raw;
      const bytes = raw
        .replace(/=\r?\n/g, '')
        .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
      return Buffer.from(bytes, 'latin1').toString('utf8');
    })
    .join('\n');
  const links = [...text.matchAll(/https?:\/\/[^\s"'<>)\]]+/g)].map(([link]) => link);
  return { text, links: [...new Set(links)] };
}
