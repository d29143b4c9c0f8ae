import type { FieldProblem } from '../domain/errors.ts';
import { openRunningInstallation } from './open-installation.ts';

/** A problem document (RFC 9457) as an error. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    detail: string,
    readonly problems: readonly FieldProblem[],
  ) {
    super([detail, ...problems.map(({ path, problem }) => `  ${path === '' ? '' : `${path}: `}${problem}`)].join('\n'));
  }
}

/** The running installation's API: `/api` with its secret key, `/v1` with its write key. */
export interface ApiClient {
  readonly address: string;
  readonly mailbox: string | undefined;
  /** Throws ApiError; an API that does not answer says how to start it. */
  call<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T>;
  /** The same for what is no JSON, or too long to be held at once: the answer as it comes. */
  open(
    method: 'GET' | 'POST',
    path: string,
    body?: { readonly type: string; readonly text: string },
  ): Promise<Response>;
}

/** Finds the installation of TEND_HOME, which must run. */
export async function openApi(): Promise<ApiClient> {
  const { settings, secrets } = await openRunningInstallation();
  const at = (port: number) => `http://${reachable(settings.host)}:${port}`;
  const mailbox = settings.smtpUrl.endsWith(`:${settings.smtpPort}`) ? at(settings.mailboxPort) : undefined;
  return apiClient(at(settings.apiPort), secrets, mailbox);
}

/** The same, where address and keys are known. */
export function apiClient(
  address: string,
  keys: { readonly writeKey: string; readonly secretKey: string },
  mailbox?: string,
): ApiClient {
  async function open(
    method: string,
    path: string,
    body?: { readonly type: string; readonly text: string },
  ): Promise<Response> {
    const key = path.startsWith('/v1/') ? keys.writeKey : keys.secretKey;
    const response = await fetch(address + path, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}`,
        ...(body === undefined ? {} : { 'content-type': body.type }),
      },
      ...(body === undefined ? {} : { body: body.text }),
    });
    if (response.ok) return response;
    const answer = (await response.json()) as { detail?: string; errors?: FieldProblem[] };
    throw new ApiError(response.status, answer.detail ?? `${method} ${path}: ${response.status}`, answer.errors ?? []);
  }
  return {
    address,
    mailbox,
    open,
    async call<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
      const sent = body === undefined ? undefined : { type: 'application/json', text: JSON.stringify(body) };
      return (await (await open(method, path, sent)).json()) as T;
    },
  };
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
