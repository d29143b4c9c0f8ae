import { z } from 'zod';
import { HOUR } from '../instant.ts';

/** After a rotation the secret before signs too, for this long: time to give the receiver the new one. */
export const ROTATION_MS = 24 * HOUR;

/** An address that events may be sent to. Whom it resolves to is looked at when something is sent there. */
export const webhookUrlSchema = z
  .string({ error: 'must be the address to send to, for example https://crm.example/hooks/tend' })
  .max(2_000, 'must be at most 2000 characters')
  .superRefine((text, context) => {
    const problem = urlProblem(text);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  });

function urlProblem(text: string): string | null {
  if (!URL.canParse(text))
    return 'must be an address with http:// or https://, for example https://crm.example/hooks/tend';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with https:// (or http://)';
  if (url.username !== '' || url.password !== '')
    return 'must hold no user name and no password: requests are signed, so that the receiver can tell who sent them';
  if (url.hash !== '') return 'must have no part after "#", which is never sent';
  return null;
}

/** What a person says of an endpoint. What is left out stays as it is. */
export const webhookEndpointSchema = z.strictObject({
  url: webhookUrlSchema,
  description: z.string().trim().max(500, 'must be at most 500 characters').optional(),
  /** Makes a new secret, which is shown once. */
  rotateSecret: z.boolean('must be true or false').optional(),
  /** True: its deliveries wait. False: they go on, at once. */
  disabled: z.boolean('must be true or false').optional(),
});
export type WebhookEndpointInput = z.infer<typeof webhookEndpointSchema>;
