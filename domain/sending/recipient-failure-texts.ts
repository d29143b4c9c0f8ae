import { anyOf, type BounceTextRule } from './bounce-text-rule.ts';

const MAILBOX =
  '(?:mail ?box|account|user(?:name|id)?|recipient|addressee|(?<!ip |client |network )address|alias|forward-path)';

/** How servers say that a mailbox is full, closed or unknown, its domain without mail, or out of reach for now. */
export const recipientFailureTexts: readonly BounceTextRule[] = [
  {
    cause: 'full',
    why: 'mailbox-full',
    says: anyOf(
      '(?:over|exceed\\w*|above|beyond)(?: \\w+){0,4} quota|over-?quota|quota.{0,30}(?:exceed|full|reached|violat|limit|overdrawn)|(?:disk|disc|mail|mailbox|user|domaindisk|userdisk|storage|diskspace) ?quota|reached disk quota|QuotaExceeded',
      '(?:mail ?box|inbox|maildir|mail ?folder|folder|account|user|recipient|mail drop|storage|bo[iî]te)\\b.{0,60}\\b(?:full|over ?quota|out of (?:storage|space)|no space|pleine|lleno|piena|voll)\\b',
      'full (?:mail)?box|storage (?:space )?full|out of storage|space has been used up|too much mail data|too many messages on the server',
      '(?:not (?:have )?enough|insufficient|no more|no) (?:storage |disk |free )?space (?:in|for|left|on|available)?|(?:does|do) not have enough space|exceed\\w*.{0,30} (?:storage|disk space)',
      'exceed\\w*(?: \\w+){0,4} (?:mailbox|storage|local) (?:size|limit|allocation)|mailbox (?:size limit exceeded|exceeded)|exceeding receiving limits',
      'Postfach .{0,30}(?:voll|Speicher)|buz[oó]n .{0,20}lleno|casella .{0,20}piena|OFR[ _]?417',
    ),
  },
  {
    cause: 'mailbox',
    why: 'mailbox-disabled',
    says: anyOf(
      `${MAILBOX}\\b.{0,60}\\b(?:disabled|inactive|deactivated|suspended?|locked|frozen|expired|closed|discontinued|deleted|terminated|archiv[eé]e?|not (?:an )?(?:active|activated))\\b`,
      `(?:disabled|inactive|deactivated|suspended|closed|expired|discontinued) (?:e-?mail )?${MAILBOX}`,
      `${MAILBOX}\\b.{0,60}\\bno longer (?:an? )?(?:active|available|in use|valid|exists?|monitored|works?|accepts? mail|at this|with|on|employed)`,
      'extended inactivity|bo[iî]te .{0,30}archiv|delivery error: dd Requested mail action aborted|has (?:left|moved on from) the company|is currently suspended',
    ),
  },
  {
    cause: 'mailbox',
    why: 'domain-takes-no-mail',
    says: anyOf(
      'null ?mx|indicated no SMTP service|(?:domain|host)\\b.{0,60}\\b(?:does not|doesn.t|never) accepts? (?:any )?(?:e-?)?mail(?! from)',
    ),
  },
  // A name server that did not answer says nothing of the domain.
  {
    cause: 'transient',
    why: 'unreachable',
    says: anyOf(
      'host not found, try again|(?:temporary|transient) (?:dns|name ?server|resolution|lookup|MX)|server failure|SERVFAIL|malformed (?:or unexpected )?name server reply',
      '(?:dns|name ?server|MX)\\b.{0,30}(?:timed? ?out|timeout|temporar)|lookup failed temporarily|(?:could not|failed to) (?:complete )?(?:dns|mx|host) lookup',
    ),
  },
  {
    cause: 'mailbox',
    why: 'no-such-domain',
    says: anyOf(
      'host or domain name not found|host not found|(?:domain|host) (?:name )?(?:not found|unknown|is invalid|must exist)|(?:unknown|invalid|no such|nonexistent|bad destination) (?:host|domain|system)|non-?existent (?:hosts?|domain)',
      "domain\\b.{0,60}\\b(?:does not|doesn[’']?t|may not) (?:exist|resolve)|couldn[’']?t find (?:any host|a mail exchanger)|name or service not known|domain .{0,40}is unknown",
      'NXDOMAIN|no (?:valid )?MX (?:record|host)|InfoDomainNonexistent|unrouteable mail domain|dns records? for .{0,60}not be found',
    ),
  },
  {
    cause: 'mailbox',
    why: 'no-such-mailbox',
    says: anyOf(
      `${MAILBOX}\\S{0,3}(?: \\S+){0,4}? (?:unknown|not (?:be )?found|not known|invalid|not exist\\w*|non-?existent|not valid|wrong|missing|not local|not listed|not registered|not recognized|not present|not ok|not accepted|unavaiable)\\b`,
      `(?:unknown|invalid(?: or unknown)?|no such|nonexistent|non-existent|non existent|bad|unrecognized|undeliverable|not an?(?: valid| known| active| local)?|no valid|no (?=\\S+ (?:here|by|with|for|of|found|is currently|available)\\b)) ?(?:local |virtual |e-?mail |mail |destination |smtp |envelope )*(?:${MAILBOX}|mail drop|person|customer|local[- ]?part)s?\\b`,
      `${MAILBOX}\\b.{0,80}\\b(?:does not|doesn[’']?t|did not|may not|do not) (?:currently )?exist|(?:email|e-mail|spectator|rcpt) .{0,80}\\b(?:does not|doesn[’']?t) exist`,
      "doesn[’']?t (?:have an? \\S+ account|handle mail for that)|n'existe pas|existiert nicht|no existe|non esiste|nie istnieje|t exist\\b|does not exist\\.",
      'unrouteable address|no user record|no one (?:is )?at this address|no one with that|there is no one|no account by that name|no mail ?box (?:here|available|found|by)|not our customer|not known (?:here|at this)',
      '(?<!client )(?:name|user) not (?:listed|recognized)|not listed in (?:the |public )*(?:\\w+ )?(?:directory|name & address)|in name directory|not present in directory|name is not recognized',
      'RecipNotFound|Recipient ?NotFound|ExRecipNotFound|userunknown|badrcptto|badrecipientto|not in my validrcptto|isn.t (?:known|recognized)|can.t accept user|account unavailable|@>? (?:was )?not found|rejected recipients|recipients? .{0,10}undeliverable',
      "(?:address|recipient|user|mailbox|e-?mail)\\b.{0,80}\\b(?:couldn[’']?t|could not|wasn[’']?t|was not|cannot) (?:be )?found",
      '(?:adresse|destinataire|utilisateur).{0,60}(?:invalide|inconnue?|inexistant)|(?:usuario|utente|destinatario).{0,30}(?:desconocid|sconosciut|inesistente|no existe)|nessun utente',
      'Empf[äa]nger(?:adresse)?.{0,40}(?:unbekannt|nicht (?:gefunden|bekannt|vorhanden))|Benutzer .{0,10}unbekannt|wurde (?:unter .{0,60} )?nicht gefunden|OFR[ _]?41[68]',
      'recipient .{0,20}possibly incorrect|envelope recipient has been denied',
      // Exchange Online's answer for who is not in the tenant's directory (5.4.1). Postfix says the same words to a client
      // that it does not let in, whoever the mail is for: there they are about us.
      'recipient address(?:es)? rejected ?: access denied.{0,60}(?:\\bAS\\(\\d|outlook\\.com|aka\\.ms)',
      '(?:all|some) recipient addresses rejected ?: access denied',
    ),
  },
  {
    cause: 'mailbox',
    why: 'mailbox-moved',
    says: anyOf(
      'user not local; please try|has (?:moved|changed)(?: \\S+){0,4} address|please (?:use|try) (?:my |the |their )?new address',
    ),
  },
  {
    cause: 'transient',
    why: 'routing-loop',
    says: anyOf(
      '(?:mail|routing|message|forwarding) ?loop|loop(?:s|ing)? (?:back|was|broken|count)|message looping|too many (?:hops|received)|hop count exceeded|ATTR3',
    ),
  },
  {
    cause: 'transient',
    why: 'unreachable',
    says: anyOf(
      'connection (?:was )?(?:timed? ?out|refused|reset|dropped|closed|lost|died|failed)|connect\\w* (?:to )?.{0,60}(?:timed? ?out|refused|no route|unreachable|failed)|socket error|did not accept our requests to connect',
      'no route to host|network (?:is )?unreachable|host (?:is )?(?:down|unreachable)|no answer from host|not reachable|all hosts? .{0,40}failing|operation timed out|timed? ?out (?:while|waiting)|message timed out|unable to resolve route',
      "wasn't able to establish an SMTP connection|could not connect|unable to connect|lost connection|(?:server|host) (?:is |did )?not respond\\w*|could not find a gateway",
      'TLS (?:handshake|negotiation|is required|not available)|Cannot start TLS',
    ),
  },
  {
    cause: 'transient',
    why: 'expired',
    says: anyOf(
      '(?:delivery|message)(?: time)? (?:has )?expired|retry (?:timeout|time) (?:exceeded|not reached|expired)|too long in (?:the )?queue|in the queue too long|delivery timeout|not been collected after|within the allowed queue period',
      'unable to deliver .{0,40}(?:for|within|in) \\d+ (?:minutes|hours|days)|not be(?:en)? delivered (?:for|within|after) .{0,20}(?:hour|day)|numerous attempts to deliver',
    ),
  },
  {
    cause: 'transient',
    why: 'server-trouble',
    says: anyOf(
      'local (?:error in processing|configuration error)|(?:system|server) config\\w* error|mail system configuration error|queue file write error|internal (?:server )?error|interrupted system call|encountered an error while being processed|server is misconfigured|no mdb|can.t create user output file',
    ),
  },
  {
    cause: 'transient',
    why: 'server-busy',
    only: 'passing',
    says: anyOf(
      '(?:server|system) (?:is )?(?:too )?busy|(?:service|server|system|resources?) (?:is |are )?(?:temporarily |currently |not )+(?:un)?available|insufficient system (?:resources|storage)|try again later|temporar\\w+ (?:local |system |server |internal )?(?:problem|error|failure)',
    ),
  },
];
