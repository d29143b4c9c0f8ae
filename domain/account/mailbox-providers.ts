import { disposableEmailBlocklistSet } from 'disposable-email-domains-js';
import emailProviders from 'email-providers';

/** Who sells or gives mailboxes under this name in every country: gmx.de, gmx.ch, gmx.net … */
const BRANDS = new Set([
  'gmail',
  'gmx',
  'googlemail',
  'hotmail',
  'posteo',
  'protonmail',
  'simplelogin',
  'tuta',
  'tutanota',
  'yahoo',
]);

/** What the lists lack, found by trying the providers of Germany, Austria, Switzerland and their neighbours. */
const ADDITIONS = [
  // Mailboxes
  ...['aol.de', 'disroot.org', 'eclipso.de', 'eclipso.eu', 'emailn.de', 'fastmail.com', 'firemail.de', 'ik.me'],
  ...['keemail.me', 'kolabnow.com', 'mail.ch', 'mail.de', 'mailo.com', 'riseup.net', 'smart-mail.de', 'startmail.com'],
  ...['systemli.org', 'tutamail.com', 'zohomail.com', 'zohomail.eu'],
  // Internet providers whose customers have addresses under their name
  ...['a1.net', 'alice-dsl.net', 'alice.de', 'aon.at', 'chello.at', 'drei.at', 'ewe.net', 'ewetel.net', 'hispeed.ch'],
  ...['htp-tel.de', 'inode.at', 'magenta.de', 'netcologne.de', 'o2mail.de', 'o2online.de', 'osnanet.de', 'proximus.be'],
  ...[
    'sunrise.ch',
    'swissonline.ch',
    't-online.com',
    'unitybox.de',
    'utanet.at',
    'versanet.de',
    'vodafone.de',
    'ziggo.nl',
  ],
  // Addresses that hide another one
  ...[
    'addy.io',
    'aleeas.com',
    'anonaddy.com',
    'anonaddy.me',
    'duck.com',
    'mozmail.com',
    'passinbox.com',
    'passmail.com',
  ],
  ...['passmail.net', 'slmail.me'],
];

/** Reserved for examples (RFC 2606); the lists hold them because people invent addresses there. */
const EXAMPLES = new Set(['example.com', 'example.net', 'example.org']);

const providers: ReadonlySet<string> = new Set([...emailProviders, ...ADDITIONS]);
const disposable: ReadonlySet<string> = disposableEmailBlocklistSet();

/**
 * True where anybody may have a mailbox under this domain, so that it tells nothing about an employer. `label` is the
 * registrable domain's own part, such as `gmx` of gmx.de.
 */
export function isMailboxProvider(domain: string, label: string): boolean {
  if (EXAMPLES.has(domain)) return false;
  return BRANDS.has(label) || providers.has(domain) || disposable.has(domain);
}
