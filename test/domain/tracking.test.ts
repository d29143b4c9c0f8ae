import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentKind } from '../../domain/tracking/agents.ts';
import type { Hit } from '../../domain/tracking/hit.ts';
import { type HitContext, judgeHits } from '../../domain/tracking/judge-hits.ts';
import { SCALE } from '../support/property.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';
const GMAIL = 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)';
const DELIVERED = Date.parse('2026-11-23T09:00:00Z');

let count = 0;
/** By a person at home, unless told otherwise; `after` is in seconds since delivery. */
const hit = (after: number, more: Partial<Hit> = {}): Hit => {
  count += 1;
  const base = { link: more.kind === 'open' || more.kind === 'trap' ? null : 'shop', agent: FIREFOX, network: 'home' };
  return { id: count, kind: 'click', method: 'GET', at: DELIVERED + after * 1_000, verdict: null, ...base, ...more };
};
const known: HitContext = {
  deliveredAt: DELIVERED,
  humanAt: [],
  othersClicked: new Map(),
  trappedElsewhere: new Set(),
};
const judge = (hits: readonly Hit[], context: Partial<HitContext> = {}) =>
  judgeHits(hits, { ...known, ...context }).map((verdict) => verdict?.why ?? null);

describe('a person', () => {
  it('who opens and clicks is a person, with or without pictures', () => {
    expect(judge([hit(40, { kind: 'open' }), hit(52), hit(95, { link: 'imprint' })])).toEqual([null, null, null]);
    expect(judge([hit(52)])).toEqual([null]);
  });

  it('who is quick keeps the click: one weak sign is none', () => {
    expect(judge([hit(4)])).toEqual([null]);
    expect(judge([hit(60, { agent: '' })])).toEqual([null]);
    expect(judge([hit(60), hit(61, { link: 'pens' })])).toEqual([null, null]);
    const click = hit(60);
    expect(judge([click], { othersClicked: new Map([[click.id, 40]]) })).toEqual([null]);
    expect(judge([click], { trappedElsewhere: new Set([click.id]) })).toEqual([null]);
  });

  it('who reads by Gmail opens when the proxy fetches the picture', () => {
    expect(judge([hit(60, { kind: 'open', agent: GMAIL, network: 'google' })])).toEqual([null]);
  });

  it('behind a gateway that scanned on arrival keeps what comes later from the same network', () => {
    const scan = [0.5, 0.6, 0.7].map((after, index) =>
      hit(after, { link: `l${index}`, network: 'office', agent: 'x' }),
    );
    const trap = hit(0.8, { kind: 'trap', network: 'office', agent: 'x' });
    const click = hit(20 * 60, { network: 'office' });
    expect(judge([...scan, trap, click])).toEqual(['trap', 'trap', 'trap', 'trap', null]);
  });

  it('whose signs are weak but who goes on on the website stays a person', () => {
    const [first, second] = [hit(3), hit(4, { link: 'pens' })];
    expect(judge([first, second])).toEqual(['weak-signs', 'weak-signs']);
    expect(judge([first, second], { humanAt: [DELIVERED + 9_000] })).toEqual([null, null]);
    // What was done before, or long after, tells nothing of it.
    expect(judge([first, second], { humanAt: [DELIVERED, DELIVERED + 3 * 3_600_000] })[0]).toBe('weak-signs');
  });

  it('who clicks minutes after their company’s gateway scanned the mail, trap and all, keeps the click', () => {
    const scan = [
      hit(1, { kind: 'trap', network: 'gateway', agent: SAFARI }),
      hit(2, { network: 'gateway', agent: SAFARI }),
    ];
    const click = hit(120, { network: 'gateway' });
    expect(judge([...scan, click])).toEqual(['trap', 'trap', null]);
    // With another sign it is a machine's; the very same client is, minutes away.
    expect(judge([...scan, { ...click, agent: null }])).toEqual(['trap', 'trap', 'weak-signs']);
    expect(judge([...scan, { ...click, agent: SAFARI }])).toEqual(['trap', 'trap', 'trap']);
  });

  it('who clicks after their office program had looked by HEAD is not taken for it', () => {
    const office = 'Microsoft Office Existence Discovery';
    expect(judge([hit(70, { method: 'HEAD', agent: office }), hit(71)])).toEqual(['head-request', null]);
  });
});

describe('a machine', () => {
  it('that follows the link nobody sees has all of its network near it taken for its own', () => {
    const hits = [
      hit(60, { kind: 'open', network: 'gateway' }),
      hit(61, { network: 'gateway' }),
      hit(62, { kind: 'trap', network: 'gateway', agent: SAFARI }),
      hit(63),
      hit(61, { network: null }),
    ];
    expect(judge(hits)).toEqual(['trap', 'trap', 'trap', null, null]);
    // Two whose networks are not known are not of one network.
    expect(judge([hit(60, { network: null }), hit(61, { kind: 'trap', network: null })])).toEqual([null, 'trap']);
  });

  it('that follows many links at once is no hand', () => {
    const burst = ['a', 'b', 'c'].map((link, index) => hit(600 + index * 0.3, { link }));
    expect(judge(burst)).toEqual(['many-links-at-once', 'many-links-at-once', 'many-links-at-once']);
    const slower = ['a', 'b', 'c', 'd', 'e'].map((link, index) => hit(600 + index * 2, { link }));
    expect(new Set(judge(slower))).toEqual(new Set(['many-links-at-once']));
    // The same link again and again, or as many over a while, is a person's.
    expect(judge(['a', 'a', 'a', 'a', 'a'].map((link, index) => hit(600 + index * 0.3, { link })))[0]).toBeNull();
    expect(judge(['a', 'b', 'c', 'd', 'e'].map((link, index) => hit(600 + index * 20, { link })))[0]).toBeNull();
  });

  it('that looked by HEAD first and then fetched is the same program', () => {
    expect(judge([hit(90, { method: 'HEAD' }), hit(91), hit(92, { kind: 'open' })])).toEqual([
      'head-request',
      'looked-first',
      'same-client',
    ]);
  });

  it('that says what it is, is believed', () => {
    const agents = ['Barracuda Sentinel (EE)', 'curl/8.5.0', 'Mozilla/5.0 (compatible; Googlebot/2.1)', 'node'];
    expect(judge(agents.map((agent) => hit(600, { agent, network: agent })))).toEqual([
      'known-scanner',
      'program',
      'known-scanner',
      'program',
    ]);
  });

  it('that loads pictures ahead has opened nothing; its reader’s click counts', () => {
    const apple = hit(240, { kind: 'open', agent: 'Mozilla/5.0', network: 'apple' });
    const click = hit(400, { agent: SAFARI });
    expect(judgeHits([apple, click], known)).toEqual([{ machine: 'prefetch', why: 'picture-prefetch' }, null]);
    expect(judge([hit(1, { kind: 'open' })])).toEqual(['opened-at-once']);
    expect(judge([hit(-3, { kind: 'open' })])).toEqual(['opened-at-once']);
    expect(judge([hit(6, { kind: 'open', agent: GMAIL })])).toEqual(['weak-signs']);
  });

  it('in disguise has two weak signs of different kinds', () => {
    const click = hit(2);
    expect(judge([click], { othersClicked: new Map([[click.id, 12]]) })).toEqual(['weak-signs']);
    expect(judge([hit(2, { agent: null })])).toEqual(['weak-signs']);
    // Two of one kind are one.
    expect(judge([click], { othersClicked: new Map([[click.id, 4]]) })).toEqual([null]);
  });

  it('found out once stays found out, whatever comes later', () => {
    const before = hit(60, { verdict: { machine: 'scanner', why: 'many-links-at-once' } });
    expect(judge([before], { humanAt: [before.at + 1_000] })).toEqual(['many-links-at-once']);
  });
});

describe('judging', () => {
  const anyHit = fc.record({
    kind: fc.constantFrom('open', 'click', 'trap'),
    method: fc.constantFrom('GET', 'HEAD'),
    link: fc.constantFrom('a', 'b', 'c', 'd'),
    agent: fc.constantFrom(FIREFOX, SAFARI, GMAIL, '', 'curl/8', 'Mozilla/5.0', null),
    network: fc.constantFrom('home', 'office', null),
    after: fc.integer({ min: -5, max: 900 }),
  });
  const made = (drawn: readonly { after: number }[]) =>
    drawn.map(({ after, ...more }) => hit(after, more as Partial<Hit>));

  const runs = { numRuns: 200 * SCALE };

  it('does not depend on the order in which hits are read', () => {
    fc.assert(
      fc.property(fc.array(anyHit, { maxLength: 25 }), fc.nat(25), (drawn, turn) => {
        const hits = made(drawn);
        const verdicts = judgeHits(hits, known);
        const turned = [...hits.slice(turn), ...hits.slice(0, turn)];
        expect(judgeHits(turned, known)).toEqual([...verdicts.slice(turn), ...verdicts.slice(0, turn)]);
      }),
      runs,
    );
  });

  it('is never softened by more evidence', () => {
    fc.assert(
      fc.property(fc.array(anyHit, { maxLength: 20 }), fc.array(anyHit, { maxLength: 10 }), (drawn, later) => {
        const hits = made(drawn);
        const first = judgeHits(hits, known);
        const told = hits.map((one, index) => ({ ...one, verdict: first[index] ?? null }));
        const again = judgeHits([...told, ...made(later)], known);
        for (const [index, verdict] of first.entries()) if (verdict !== null) expect(again[index]).toEqual(verdict);
      }),
      runs,
    );
  });

  it('takes a moment at most for as many hits as are kept of a message', () => {
    const hits = Array.from({ length: 500 }, (_, index) =>
      hit(index / 1_000, { link: `l${index}`, agent: `a${index}` }),
    );
    const began = performance.now();
    expect(judge(hits).every((why) => why === 'many-links-at-once')).toBe(true);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe('agents', () => {
  it('of people’s browsers and mail programs are people’s', () => {
    const people = [
      FIREFOX,
      SAFARI,
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Avast/138.0.0.0',
      'Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36',
      'Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36',
      'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17126; Pro)',
      'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.3.0',
      'Outlook-Android/2.0',
      'Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)',
      'okhttp/4.12.0',
      'Mail/3826.600 CFNetwork/3826 Darwin/24.5.0',
      'Lynx/2.9.2 libwww-FM/2.14 SSL-MM/1.4.1',
    ];
    expect(people.map(agentKind)).toEqual(people.map(() => 'person'));
  });

  it('of scanners, previews, programs and picture services are theirs', () => {
    const kinds = (agents: readonly (string | null)[]) => new Set(agents.map(agentKind));
    const scanners = [
      'Barracuda Sentinel (EE)',
      'Mozilla/5.0 (compatible; Proofpoint URL Defense)',
      'MimecastUrlProtect/1.0',
      'Microsoft Office SafeLinks Protection',
      'CiscoSecureEmail',
      'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
      'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
      'WhatsApp/2.23.20.0 A',
      'facebookexternalhit/1.1',
      'Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5',
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36',
    ];
    expect(kinds(scanners)).toEqual(new Set(['scanner']));
    const programs = [
      'curl/8.5.0',
      'python-requests/2.32.3',
      'Python/3.10 aiohttp/3.8.1',
      'Go-http-client/2.0',
      'node',
    ];
    const more = [
      'Java/17.0.2',
      'Apache-HttpClient/4.5',
      'axios/1.7',
      'Wget/1.21',
      'undici',
      'lua-resty-http/0.10 (Lua)',
    ];
    expect(kinds([...programs, ...more])).toEqual(new Set(['program']));
    expect(kinds([GMAIL, 'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html'])).toEqual(
      new Set(['picture-proxy']),
    );
    const gmailCheck =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0';
    expect(kinds(['Mozilla/5.0', gmailCheck])).toEqual(new Set(['prefetch']));
    expect(kinds([null, '', '  '])).toEqual(new Set(['none']));
  });
});
