import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ApiClient } from '../api-client.ts';
import { bold, dim } from '../terminal.ts';
import { answers, type DemoMail, mailsTo, readMail } from './mails.ts';
import { beginStory, type Story, until } from './story.ts';

const HOUR = 3_600_000;
/** She takes so long to see that there is a mail, and to read it. */
const LOOKS_MS = 3_000;
/** Fetching as a program would be judged as one. */
const BROWSER = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' };

interface Standing {
  readonly model: string;
  readonly points: number;
  readonly threshold: number;
  readonly explanation: readonly {
    readonly points: number;
    readonly ruleName: string;
    readonly interaction: { readonly at: string; readonly name: string };
  }[];
}
interface Handoff {
  readonly id: string;
  readonly state: string;
  readonly owner: { readonly key: string; readonly name: string } | null;
}
interface Withheld {
  readonly template: string;
  readonly state: string;
  readonly reason: string | null;
}

/** One lead of the demo, and what is needed to play her. */
interface Player {
  readonly api: ApiClient;
  readonly mailbox: string;
  readonly story: Story;
  readonly email: string;
  readonly anonymousId: string;
}

/**
 * Plays Tanja of the stationery shop (the reference case of the documentation) as her website would, and checks on the
 * way what is promised. Days are shortened by the demo sequence's own short waits and by back-dated timestamps.
 *
 * @throws Error saying what was promised and did not come
 */
export async function playTanja(api: ApiClient): Promise<void> {
  const mailbox = api.mailbox;
  if (mailbox === undefined || !(await answers(mailbox)))
    throw new Error('The demo reads mails from the local mailbox: start Tend without SMTP_URL to play it.');
  const id = randomBytes(4).toString('hex');
  const player: Player = {
    api,
    mailbox,
    story: beginStory(),
    email: `tanja.${id}@people.example`,
    anonymousId: `browser-${id}`,
  };
  console.log(
    `\n${bold('Tanja and the stationery shop')}\n${dim(`She is ${player.email}; her mails are on ${player.mailbox}`)}`,
  );
  const leadId = await signUp(player);
  await readNewsletter(player);
  await comeBack(player, leadId);
  const handoff = await meetSales(player, leadId);
  await staySilent(player, leadId);
  await becomeCustomer(player, leadId, handoff);
  console.log(`\n${dim('Look closer:')} npm run tend -- why ${player.email}\n`);
}

async function signUp(player: Player): Promise<string> {
  const { api, story, email, anonymousId } = player;
  story.chapter('She signs up for the newsletter');
  const signedUpAt = new Date(Date.now() - 48 * HOUR);
  await api.call('POST', '/v1/identify', {
    anonymousId,
    traits: { email, firstName: 'Tanja', locale: 'en' },
    timestamp: signedUpAt,
  });
  const leadId = await until('the lead', async () => {
    const { leads } = await api.call<{ leads: { id: string }[] }>('POST', '/api/leads/search', { email });
    return leads[0]?.id;
  });
  story.tell(`The website identifies her: lead ${leadId}`);
  for (const purpose of ['newsletter', 'tracking']) {
    await api.call('POST', `/api/leads/${leadId}/consents`, {
      channel: 'email',
      purpose,
      action: 'granted',
      wording:
        'Yes, please send me the newsletter of Federkiel, and note what I open and follow in it, so that it fits me. I can end either at any time.',
      formUrl: 'https://federkiel.example/newsletter',
      ip: '203.0.113.7',
      requestedAt: new Date(signedUpAt.getTime() - 60_000),
      confirmedAt: signedUpAt,
    });
  }
  story.tell('Her consent to the newsletter and to tracking is on record, with wording, form and both instants');
  await api.call('POST', '/v1/track', {
    anonymousId,
    event: 'Newsletter Subscribed',
    properties: { list: 'demo' },
    timestamp: signedUpAt,
  });
  await expectPoints(player, leadId, 3);
  return leadId;
}

async function readNewsletter(player: Player): Promise<void> {
  const { story } = player;
  story.chapter('The newsletter arrives, and she follows its link');
  const { id, subject } = await until('the newsletter', async () => (await nurturingMails(player))[0]);
  story.seen(`In the mailbox: “${subject}”`);
  const mail = await readMail(player.mailbox, id);
  // Whoever opens and clicks as fast as a machine is taken for one: docs/tracking.md.
  await pause(LOOKS_MS);
  await fetch(trackedAddress(mail, 'o'), { headers: BROWSER });
  story.tell('She opens it: the pixel is fetched');
  await pause(LOOKS_MS);
  const click = await fetch(trackedAddress(mail, 'c'), { redirect: 'manual', headers: BROWSER });
  if (click.status !== 302) throw new Error(`The link of the newsletter answered ${click.status}, not a redirect.`);
  story.tell(`She clicks: ${click.status} → ${click.headers.get('location')}`);
}

async function comeBack(player: Player, leadId: string): Promise<void> {
  const { api, story, anonymousId } = player;
  await expectPoints(player, leadId, 13);
  story.aside('Opens and clicks may be machines: they count for the threshold once a person was seen.');
  story.chapter('She comes back, and tells more about herself');
  await api.call('POST', '/v1/identify', { anonymousId, traits: { birthday: '1990-05-12' } });
  story.tell('She gives her birthday');
  await expectPoints(player, leadId, 23);
  // 26 hours are another calendar day even where the clock was set back an hour.
  const yesterday = new Date(Date.now() - 26 * HOUR);
  const page = (path: string) => ({ anonymousId, name: 'Product', properties: { path } });
  await api.call('POST', '/v1/batch', {
    batch: [
      { type: 'page', ...page('/gouache'), timestamp: yesterday },
      { type: 'page', ...page('/brushes') },
    ],
  });
  story.tell('She browses products on two days');
  await expectPoints(player, leadId, 33);
  await api.call('POST', '/v1/page', page('/easels'));
  story.tell('She looks at another product on the same day, which adds nothing');
}

async function meetSales(player: Player, leadId: string): Promise<Handoff> {
  const { api, story, anonymousId } = player;
  story.chapter('She looks up branches near her: ready for sales');
  await api.call('POST', '/v1/track', { anonymousId, event: 'Branch Searched', properties: { postcode: '10969' } });
  const standing = await expectPoints(player, leadId, 53);
  for (const { points, ruleName, interaction } of standing.explanation) {
    story.aside(
      `${String(points).padStart(4)}  ${ruleName.padEnd(36)}${interaction.at.slice(0, 16).replace('T', ' ')}`,
    );
  }
  story.aside(`${String(standing.points).padStart(4)}  of ${standing.threshold} needed`);
  const offered = await until('the handoff', async () => {
    const { handoffs } = await api.call<{ handoffs: Handoff[] }>('GET', `/api/handoffs?lead=${leadId}`);
    return handoffs.find(({ owner }) => owner !== null);
  });
  story.seen(`Offered to ${offered.owner?.name}, and from now on marketing is silent`);
  await api.call('POST', `/api/handoffs/${offered.id}/accept`, { rep: offered.owner?.key });
  story.tell(`${offered.owner?.name} accepts`);
  return offered;
}

async function staySilent(player: Player, leadId: string): Promise<void> {
  const { api, story } = player;
  story.chapter('Her next nurturing mail falls due');
  const withheld = await until('the withheld mail', async () => {
    const { messages } = await api.call<{ messages: Withheld[] }>('GET', `/api/leads/${leadId}/why`);
    return messages.find(({ reason }) => reason === 'sales-has-the-lead');
  });
  const mails = await nurturingMails(player);
  if (mails.length !== 1)
    throw new Error(`${mails.length} nurturing mails are in the mailbox while sales has her, not 1.`);
  story.seen(`“${withheld.template}” is withheld: ${withheld.reason}. One mail in her mailbox, as before`);
}

async function becomeCustomer(player: Player, leadId: string, handoff: Handoff): Promise<void> {
  const { api, story } = player;
  story.chapter('Sales wins her');
  await api.call('POST', `/api/handoffs/${handoff.id}/outcome`, { outcome: 'won', rep: handoff.owner?.key });
  story.tell('Outcome: won. She is a customer');
  const welcome = await until('the welcome mail', async () => (await nurturingMails(player))[1]);
  story.seen(`In the mailbox: “${welcome.subject}”. Nurturing goes on, as a customer`);
  const { messages } = await api.call<{ messages: Withheld[] }>('GET', `/api/leads/${leadId}/why`);
  const superseded = messages.find(({ state }) => state === 'superseded');
  if (superseded === undefined) throw new Error('The offer to the prospect should be superseded, and is not.');
  story.seen(`“${superseded.template}” for prospects is superseded, on record`);
}

/** Waits until her score is `points`, and says so. */
async function expectPoints({ api, story }: Player, leadId: string, points: number): Promise<Standing> {
  let last = 0;
  const standing = await until(`${points} points (she has ${last})`, async () => {
    const { standings } = await api.call<{ standings: Standing[] }>('GET', `/api/leads/${leadId}?limit=1`);
    const found = standings.find(({ model }) => model === 'stationery');
    last = found?.points ?? 0;
    return last === points ? found : null;
  });
  story.seen(`${bold(`${points} points`)}`);
  return standing;
}

/** Hers, oldest first. */
async function nurturingMails({ mailbox, email }: Player) {
  return (await mailsTo(mailbox, email)).reverse();
}

function trackedAddress(mail: DemoMail, what: 'o' | 'c'): string {
  const address = new RegExp(`(?:href|src)="([^"]*/t/${what}/[^"]+)"`).exec(mail.html)?.[1];
  if (address === undefined) throw new Error(`The mail has no ${what === 'o' ? 'open pixel' : 'tracked link'}.`);
  return address.replaceAll('&amp;', '&');
}
