import { type Instant, MINUTE, SECOND } from '../instant.ts';
import { type AgentKind, agentKind } from './agents.ts';
import type { Hit, HitReason, Verdict } from './hit.ts';

/** What else is known when the hits of a message are judged. */
export interface HitContext {
  /** When the receiving server took the mail, or may have taken it at the earliest; null: not known. */
  readonly deliveredAt: Instant | null;
  /** When the person did something that only a person does (`isHumanSignal`), ascending. */
  readonly humanAt: readonly Instant[];
  /** By hit: how many other people's mails its network clicked in within a minute. Absent: none. */
  readonly othersClicked: ReadonlyMap<number, number>;
  /** Hits whose network fell into the trap of somebody else's mail within minutes. */
  readonly trappedElsewhere: ReadonlySet<number>;
}

/** Nobody is told of a mail, opens it and has its pictures loaded within this time of its delivery. */
const OPENED_AT_ONCE_MS = 2 * SECOND;
/** Nor reads it and clicks within this one, or hardly: a push message may be quick. A weak sign. */
const CLICKED_AT_ONCE_MS = 5 * SECOND;
/** A picture fetched by Gmail's or Yahoo's proxy so soon was fetched ahead, more likely than not. A weak sign. */
const PROXY_AT_ONCE_MS = 10 * SECOND;
/**
 * A hand needs about a second from one link to the next (Fitts's law; each click moves the reader to another page besides):
 * these many different links from one network within these times are a machine's.
 */
const MANY_LINKS = [
  { links: 3, withinMs: SECOND },
  { links: 5, withinMs: 10 * SECOND },
] as const;
/** Two different links in so short a time: a weak sign, for people open links in tabs. */
const TWO_LINKS_MS = 2 * SECOND;
/** A browser sends no HEAD for a link. Whoever looked so is the same program within this time. */
const LOOKED_FIRST_MS = MINUTE;
/** What else a network does to a message so near a trap is the same scanner's, under whatever names it goes. */
const TRAP_NETWORK_MS = MINUTE;
/** And so near what the same client does. Of another client it is a weak sign: a company's gateway scans, and its people read. */
const TRAP_MS = 5 * MINUTE;
/** What else the same client (network and agent) does to a message so near a scanner's hit is its own as well. */
const SAME_CLIENT_MS = 5 * MINUTE;
/** So many other people's mails clicked from one network within a minute: a company's gateway, or a mobile network. A weak sign. */
const MANY_OTHERS = 5;
/** What a person does so soon after a click speaks for the person against weak signs. */
export const FOLLOWED_MS = 30 * MINUTE;

/**
 * Says of each hit of one message whether a machine made it. In order of `hits`; null: nothing says so.
 *
 * One strong sign is enough; weak ones must be two, of different kinds (agent, timing, pattern, network), and give way to
 * something that only a person does soon after. So a person who is quick, or sits behind a company's gateway, keeps their
 * click. A verdict of before stands, whatever came later.
 *
 * | strong sign | what it rests on |
 * | --- | --- |
 * | `trap` | a link that nobody can see was followed by this client, minutes away, or from this network within one |
 * | `head-request` | RFC 9110 §9.3.2: HEAD asks what is there without taking it; browsers don't follow links by it |
 * | `looked-first` | the same client sent a HEAD within a minute |
 * | `known-scanner`, `program`, `picture-prefetch` | its own User-Agent (agents.ts) |
 * | `opened-at-once` | pictures loaded within 2 s of delivery, or before it was over |
 * | `many-links-at-once` | 3 links in a second, or 5 in 10 |
 * | `same-client` | the same network and agent did one of these to the same mail, minutes away |
 *
 * Weak: no or a strange agent; a picture proxy; a click within 5 s of delivery (10 s for a proxy's picture); two links in
 * 2 s; a HEAD by another agent of the network; a network that clicks in many people's mails at once, or fell into this
 * mail's trap minutes away, or into a trap elsewhere. A click without an open is none: many readers load no pictures.
 *
 * Sources: Mautic #9798, #16263, PR 10245; matomo/device-detector #5359; Act-On and Marketo on false clicks by security
 * products ("all links, within seconds of delivery, from one network").
 */
export function judgeHits(hits: readonly Hit[], context: HitContext): (Verdict | null)[] {
  const seen = hits.map((hit): SeenHit => ({ ...hit, agentKind: agentKind(hit.agent) }));
  const pattern: Pattern = {
    hits,
    crowds: MANY_LINKS.map(({ links, withinMs }) => ({ links, most: crowds(hits, withinMs) })),
    pairs: crowds(hits, TWO_LINKS_MS),
  };
  const found = seen.map((hit) => hit.verdict ?? strongSign(hit, pattern, context));
  const scanners = hits.filter((_, index) => tellsOfItsClient(found[index]?.why));
  return seen.map((hit, index) => {
    const verdict = found[index];
    if (verdict) return verdict;
    if (scanners.some((other) => sameClient(hit, other) && near(hit, other, SAME_CLIENT_MS)))
      return { machine: 'scanner', why: 'same-client' };
    if (context.humanAt.some((at) => at >= hit.at && at <= hit.at + FOLLOWED_MS)) return null;
    if (weakSigns(hit, pattern, context) < 2) return null;
    return { machine: hit.kind === 'open' ? 'prefetch' : 'scanner', why: 'weak-signs' };
  });
}

interface SeenHit extends Hit {
  readonly agentKind: AgentKind;
}

/** The hits of the message, and how crowded its clicks are. */
interface Pattern {
  readonly hits: readonly Hit[];
  readonly crowds: readonly { readonly links: number; readonly most: ReadonlyMap<number, number> }[];
  readonly pairs: ReadonlyMap<number, number>;
}

function strongSign(hit: SeenHit, { hits, crowds }: Pattern, context: HitContext): Verdict | null {
  const { agentKind: agent } = hit;
  if (hit.kind === 'trap') return scanner('trap');
  if (trappedWithin(hit, hits, TRAP_NETWORK_MS) || trappedWithin(hit, hits, TRAP_MS, sameClient))
    return scanner('trap');
  if (hit.method === 'HEAD') return scanner('head-request');
  if (agent === 'scanner') return scanner('known-scanner');
  if (agent === 'program') return scanner('program');
  if (hit.kind === 'open') {
    if (agent === 'prefetch') return { machine: 'prefetch', why: 'picture-prefetch' };
    return since(hit, context) < OPENED_AT_ONCE_MS ? { machine: 'prefetch', why: 'opened-at-once' } : null;
  }
  if (hits.some((other) => other.method === 'HEAD' && sameClient(hit, other) && near(hit, other, LOOKED_FIRST_MS)))
    return scanner('looked-first');
  return crowds.some(({ links, most }) => (most.get(hit.id) ?? 0) >= links) ? scanner('many-links-at-once') : null;
}

/** How many kinds of weak signs there are. */
function weakSigns(hit: SeenHit, { hits, pairs }: Pattern, context: HitContext): number {
  const { agentKind: agent } = hit;
  const open = hit.kind === 'open';
  const sooner = open ? PROXY_AT_ONCE_MS : CLICKED_AT_ONCE_MS;
  const signs = [
    agent === 'none' || agent === 'prefetch' || (open && agent === 'picture-proxy'),
    (!open || agent === 'picture-proxy') && since(hit, context) < sooner,
    (pairs.get(hit.id) ?? 0) >= 2 ||
      hits.some((other) => other.method === 'HEAD' && sameNetwork(hit, other) && near(hit, other, LOOKED_FIRST_MS)),
    (context.othersClicked.get(hit.id) ?? 0) >= MANY_OTHERS ||
      context.trappedElsewhere.has(hit.id) ||
      trappedWithin(hit, hits, TRAP_MS),
  ];
  return signs.filter(Boolean).length;
}

function trappedWithin(hit: Hit, hits: readonly Hit[], withinMs: number, same = sameNetwork): boolean {
  return hits.some((other) => other.kind === 'trap' && same(hit, other) && near(hit, other, withinMs));
}

function scanner(why: HitReason): Verdict {
  return { machine: 'scanner', why };
}

/** Milliseconds since delivery, below 0 while it was under way: scanners read along before the server says yes. */
function since(hit: Hit, { deliveredAt }: HitContext): number {
  return deliveredAt === null ? Number.POSITIVE_INFINITY : hit.at - deliveredAt;
}

/** These say what the client is, not only what this hit was. */
function tellsOfItsClient(why: HitReason | undefined): boolean {
  return why === 'trap' || why === 'head-request' || why === 'looked-first' || why === 'many-links-at-once';
}

/** Of each click, by its id: the most different links that its network clicked in any `withinMs` around it. */
function crowds(hits: readonly Hit[], withinMs: number): ReadonlyMap<number, number> {
  const clicks = hits
    .filter(({ kind, method, network }) => kind === 'click' && method === 'GET' && network !== null)
    .sort((a, b) => a.at - b.at);
  const most = new Map<number, number>();
  for (const [index, first] of clicks.entries()) {
    const together: Hit[] = [];
    for (const click of clicks.slice(index)) {
      if (click.at - first.at > withinMs) break;
      if (sameNetwork(click, first)) together.push(click);
    }
    const links = new Set(together.map(({ link }) => link)).size;
    for (const { id } of together) most.set(id, Math.max(most.get(id) ?? 0, links));
  }
  return most;
}

function near(hit: Hit, other: Hit, withinMs: number): boolean {
  return Math.abs(hit.at - other.at) <= withinMs;
}

/** Networks that are not known are nobody's: they say nothing of each other. */
function sameNetwork(hit: Hit, other: Hit): boolean {
  return hit.network !== null && hit.network === other.network;
}

function sameClient(hit: Hit, other: Hit): boolean {
  return sameNetwork(hit, other) && hit.agent === other.agent;
}
