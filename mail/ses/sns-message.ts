import { createVerify, X509Certificate } from 'node:crypto';
import { z } from 'zod';

/**
 * A message of Amazon SNS as it comes by HTTP.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 */
const line = z.string().min(1).max(2_048);
export const snsMessageSchema = z.object({
  Type: z.enum(['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation']),
  MessageId: line,
  TopicArn: line,
  Subject: z.string().max(2_048).nullish(),
  Message: z.string().max(262_144),
  Timestamp: line,
  Token: line.optional(),
  SubscribeURL: line.optional(),
  SignatureVersion: z.enum(['1', '2']),
  Signature: z.string().min(1).max(2_048),
  SigningCertURL: line,
});
export type SnsMessage = z.infer<typeof snsMessageSchema>;

/**
 * Whether `url` may be fetched for a message: SNS' own hosts only, or whoever writes to us chooses the certificate that
 * proves it, or what we ask for.
 */
export function isSnsUrl(url: string, kind: 'certificate' | 'subscription'): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const ofSns = /^sns\.[a-z0-9-]{3,40}\.amazonaws\.com(?:\.cn)?$/.test(hostname);
  const plain = protocol === 'https:' && port === '' && username === '' && password === '';
  return ofSns && plain && (kind === 'subscription' || /^\/[\w-]+\.pem$/.test(pathname));
}

/** What is signed: these fields, name and value each on a line, without those that are absent. */
function signedText(message: SnsMessage): string {
  const fields =
    message.Type === 'Notification'
      ? (['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] as const)
      : (['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'] as const);
  return fields
    .map((name) => ({ name, value: message[name] }))
    .filter(({ value }) => value !== undefined && value !== null)
    .map(({ name, value }) => `${name}\n${value}\n`)
    .join('');
}

/**
 * Whether the holder of `certificate` (PEM) signed the message, and the certificate was valid when it did. Version 1 signs by
 * SHA-1, as SNS does unless a topic asks for version 2. Never throws.
 */
export function isSignedBy(message: SnsMessage, certificate: string): boolean {
  try {
    const { publicKey, validFrom, validTo } = new X509Certificate(certificate);
    const signedAt = Date.parse(message.Timestamp);
    if (!(signedAt >= Date.parse(validFrom) && signedAt <= Date.parse(validTo))) return false;
    const verify = createVerify(message.SignatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256');
    return verify.update(signedText(message), 'utf8').verify(publicKey, message.Signature, 'base64');
  } catch {
    return false;
  }
}
