/**
 * Whether a host name or address means "this machine only".
 *
 * `0.0.0.0` and `::` count too: as the host of a link they lead nobody anywhere but home.
 * Accepts IPv6 with or without brackets.
 */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  if (name === '::1' || name === '::' || name === '0.0.0.0') return true;
  return /^(::ffff:)?127(\.\d{1,3}){3}$/.test(name);
}

/** The host a client on this machine uses to reach a server that listens on `host`, ready to stand in a URL. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
