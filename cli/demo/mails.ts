/** A mail as the local mailbox lists it. */
export interface ListedMail {
  readonly id: string;
  readonly subject: string;
}

export interface DemoMail extends ListedMail {
  readonly html: string;
}

/** The mails to one address, newest first. */
export async function mailsTo(mailbox: string, address: string): Promise<ListedMail[]> {
  const response = await fetch(`${mailbox}/api/messages?to=${encodeURIComponent(address)}`);
  return ((await response.json()) as { messages: ListedMail[] }).messages;
}

export async function readMail(mailbox: string, id: string): Promise<DemoMail> {
  const response = await fetch(`${mailbox}/api/messages/${encodeURIComponent(id)}`);
  return (await response.json()) as DemoMail;
}

/** True when the local mailbox is there. */
export async function answers(mailbox: string): Promise<boolean> {
  return fetch(`${mailbox}/api/status`).then(
    ({ ok }) => ok,
    () => false,
  );
}
