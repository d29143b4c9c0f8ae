/**
 * What a User-Agent header (RFC 9110 §10.1.5) gives away. It is a claim, which proves nothing in a browser's favour; but
 * nobody poses as a scanner.
 */
export type AgentKind =
  /** Says itself that it is a scanner, a crawler or a link preview. */
  | 'scanner'
  /** A library or command of programmers: no mail program and no browser. */
  | 'program'
  /** Fetches pictures ahead, whether anybody reads or not. */
  | 'prefetch'
  /** Fetches pictures for a reader who opens the mail, mostly: by itself it says nothing. */
  | 'picture-proxy'
  /** No header, or one that no browser sends. */
  | 'none'
  /** A browser or a mail program, by what it says. */
  | 'person';

/**
 * Mail security. Of Microsoft's Safe Links, Proofpoint's and Mimecast's analysers many pass for browsers: they are told by
 * pattern only; browsers of such vendors (Avast's, Avira's) name them too and are people's. Sources: the vendors' own agents as mail senders publish them (Braze "Bot filtering", HubSpot and Act-On on
 * false clicks; isbot and crawler-user-agents lists), Mautic #9798, #16263.
 */
const SECURITY =
  /barracuda|proofpoint|mimecast|safelinks|url ?defense|messagelabs|symantec|ironport|cisco ?secure|talos|cloudmark|fireeye|trellix|forti(?:net|mail|guard)|sophos|trend ?micro|\btmes\b|websense|forcepoint|zscaler|kaspersky|bitdefender|f-secure|withsecure|\bg ?data\b|hornetsecurity|retarus|vade ?secure|avanan|check ?point|cofense|phish|cyren|mailcontrol|mailguard|mailmarshal|spamtitan|virustotal|urlscan|netcraft|safe ?browsing|google-safety|palo ?alto|wildfire|cyberark|sandbox/i;

/**
 * What calls itself a robot, and previews of links in chats: whoever forwards a mail makes these fetch. Cubot makes phones.
 */
const ROBOT =
  /(?<!cu)bot(?:\b|_)|crawl|spider|slurp|archiver|scanner|scan\b|monitor|link-?check|validator|preview|facebookexternalhit|facebookcatalog|^whatsapp|googlemessages|google-pagerenderer|embedly|mediapartners|inspectiontool|lighthouse|headless|phantomjs|puppeteer|playwright|selenium|office existence discovery|office protocol discovery/i;

/**
 * Libraries. Not among them: `okhttp`, `Dalvik`, `CFNetwork`, `Microsoft Office`, which mail programs of people send when
 * they show pictures or hand a link over.
 */
const PROGRAM =
  /^(?:curl|wget|python|aiohttp|httpx|go-http-client|java\/|jakarta|apache-httpclient|ahc\/|jetty|libwww|lwp|perl|php|guzzle|ruby|faraday|rest-client|node(?:$|[-/])|undici|axios|got\b|postman|insomnia|powershell|winhttp|lua-resty|okhttp-bot|scrapy|httpie|nutch|masscan|zgrab|dart|rust|reqwest|fasthttp|electron-fetch|amazon cloudfront)|python-requests|winhttprequest/i;

/**
 * Apple Mail Privacy Protection loads all pictures through Apple's proxies when the mail arrives, "regardless of how you
 * interact with it" (Apple, Mail Privacy Protection & Privacy), as `Mozilla/5.0` and nothing else. Gmail's check at delivery says
 * `Edge/12.246 Mozilla/5.0` (Mautic PR 10245; ankane/ahoy_email #139).
 */
const PREFETCH = /^mozilla\/5\.0$|edge\/12\.246 mozilla\/5\.0$/i;

/**
 * Gmail and Yahoo fetch pictures when the reader opens the mail, and keep them (Gmail help, "Turn images on or off"): to
 * take these for machines would take away most real opens (matomo/device-detector #5359).
 */
const PICTURE_PROXY = /googleimageproxy|ggpht\.com|yahoomailproxy|yandeximage|mail\.ru.*proxy/i;

/** What a hit's `agent` gives away. Null and blanks: there was no header. */
export function agentKind(agent: string | null): AgentKind {
  const text = agent?.trim() ?? '';
  if (text === '') return 'none';
  if (PICTURE_PROXY.test(text)) return 'picture-proxy';
  if (PREFETCH.test(text)) return 'prefetch';
  if (SECURITY.test(text) || ROBOT.test(text)) return 'scanner';
  return PROGRAM.test(text) ? 'program' : 'person';
}
