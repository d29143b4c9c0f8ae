import { createHash } from 'node:crypto';
import { type PageLanguage, promiseInWords } from '../domain/consent/promise-in-words.ts';
import { purposeName } from '../domain/consent/purpose-names.ts';
import { canonicalJson } from '../domain/definition/canonical-json.ts';
import type { Instant } from '../domain/instant.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { ConsentProof, ProofMail, ProofRecord, PurposeProof } from '../store/read-consent-proof.ts';
import { proofTexts } from './consent-proof-texts.ts';
import { escapeHtml } from './pages.ts';

/** One line of a record: what it is, and its value as HTML; null: not recorded, and then it says so. */
type Line = readonly [name: string, html: string | null];

/**
 * The proof as one HTML page for printing on A4 or to PDF, with nothing from elsewhere. It names each element that the courts
 * ask for in the single case (BGH I ZR 164/09, AG Düsseldorf 23 C 3876/13), and says so where one is missing.
 */
export function consentProofPage(proof: ConsentProof, language: PageLanguage): string {
  const t = proofTexts[language];
  const moment = momentWriter(proof.timeZone, language);
  const addresses = [...new Set(allRecords(proof).flatMap(({ address }) => address ?? []))];
  const head = table([
    [t.person, code(proof.leadId)],
    [t.addresses, addresses.length === 0 ? null : addresses.map(escapeHtml).join('<br>')],
    [t.readAt, moment(proof.readAt)],
    [t.zone, escapeHtml(proof.timeZone)],
  ]);
  const purposes = proof.purposes.map((purpose) => purposeSection(proof, purpose, language));
  const changes = proof.changes.map((record) => changeSection(record, moment, language));
  const open = proof.unconfirmed.map(
    ({ purposes: asked, requestedAt, expiresAt }) =>
      `<li>${escapeHtml(asked.map((purpose) => purposeName(proof.policy, purpose, language)).join(', '))}: ${t.asked} ${moment(requestedAt)}, ${t.expires} ${moment(expiresAt)}</li>`,
  );
  const body = [
    `<header><h1>${t.title}</h1><p>${t.lead}</p>${head}</header>`,
    purposes.length === 0 ? `<p>${t.nothing}</p>` : purposes.join(''),
    changes.length === 0 ? '' : `<section><h2>${t.changes}</h2>${changes.join('')}</section>`,
    open.length === 0
      ? ''
      : `<section><h2>${t.unconfirmed}</h2><p>${t.unconfirmedNote}</p><ul>${open.join('')}</ul></section>`,
    `<section class="integrity"><h2>${t.integrity}</h2><p>${t.appendOnly}</p>${table([
      [t.count, String(allRecords(proof).length)],
      [t.digest, code(digestOf(proof))],
    ])}</section>`,
  ];
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>${t.title}</title><style>${STYLE}</style></head><body><main>${body.join('')}</main></body></html>`;
}

/**
 * SHA-256 over the records, the mail that is stored with one included: two printouts of the same records show the same. What
 * is read from elsewhere for the printout (the mail server's answer, a mail composed anew) is not in it.
 */
export function digestOf(proof: ConsentProof): string {
  const records = allRecords(proof).map(({ confirmation, ...record }) => ({
    ...record,
    confirmation: confirmation?.messageId ?? null,
    mail: confirmation?.text?.from === 'stored' ? confirmation.text.mail : null,
  }));
  return createHash('sha256')
    .update(canonicalJson(records as unknown as Json))
    .digest('hex');
}

function allRecords({ purposes, changes }: ConsentProof): ProofRecord[] {
  const records = [...purposes.flatMap(({ records: own }) => own), ...changes];
  return [...new Map(records.map((record) => [record.id, record])).values()].sort((a, b) => a.id - b.id);
}

function purposeSection({ policy, timeZone }: ConsentProof, proof: PurposeProof, language: PageLanguage): string {
  const t = proofTexts[language];
  const moment = momentWriter(timeZone, language);
  const { channel, purpose, state, records } = proof;
  const title = `${t.channels[channel] ?? channel}: ${purpose === 'all' ? t.everything : purposeName(policy, purpose, language)}`;
  return `<section><h2>${escapeHtml(title)} <small>${escapeHtml(purpose)}</small></h2><p class="state">${stateLine()}</p>${records
    .map((record) => recordSection(record, moment, language))
    .join('')}</section>`;

  function stateLine(): string {
    if (state.kind === 'none') return t.stateNone;
    if (state.kind === 'withdrawn') return `${t.stateWithdrawn} ${moment(state.at)}`;
    const since = state.at === undefined ? '' : ` ${t.since} ${moment(state.at)}`;
    const stale =
      state.staleAt === undefined || state.staleAt === null ? '' : `; ${t.staleAt} ${moment(state.staleAt)}`;
    return `${t.stateGranted}${since}${stale}`;
  }
}

function recordSection(record: ProofRecord, moment: (instant: Instant) => string, language: PageLanguage): string {
  const t = proofTexts[language];
  const { action, source, wording, promise, confirmation } = record;
  const lines: Line[] =
    action === 'granted'
      ? [
          [t.wording, wording === null ? null : quote(wording)],
          [t.wordingVersion, text(record.wordingVersion)],
          [t.locale, text(record.locale)],
          [t.formUrl, text(record.formUrl)],
          [t.address, text(record.address)],
          [t.promise, promise === null ? t.noPromise : escapeHtml(promiseInWords(promise, language))],
          [t.requestedAt, record.requestedAt === null ? null : moment(record.requestedAt)],
          // A renewal is asked for by our mail: the request has no browser.
          ...(source === 'renewal'
            ? []
            : [[t.ip, text(record.ip)] as const, [t.userAgent, text(record.userAgent)] as const]),
          [t.confirmedAt, record.confirmedAt === null ? null : moment(record.confirmedAt)],
          [t.confirmIp, text(record.confirmIp)],
          [t.confirmUserAgent, text(record.confirmUserAgent)],
        ]
      : [
          [t.withdrawnAt, moment(record.at)],
          [t.address, text(record.address)],
          [t.how, wording === null ? null : quote(wording)],
          [t.withdrawIp, text(record.ip)],
          [t.withdrawUserAgent, text(record.userAgent)],
        ];
  const mail = action === 'granted' ? mailSection(confirmation, moment, language) : '';
  return `<article><h3>${t.actions[action]} <small>${t.record} ${record.id}</small></h3>${table([...lines, ...recorded(record, moment, language)])}${mail}</article>`;
}

function mailSection(mail: ProofMail | null, moment: (instant: Instant) => string, language: PageLanguage): string {
  const t = proofTexts[language];
  if (mail === null) return `<h4>${t.mail}</h4><p class="missing">${t.noMail}</p>`;
  const { messageId, providerId, template, templateVersion, sentAt, acceptedAt, smtpReply, text: body } = mail;
  const lines: Line[] = [
    [t.messageId, code(messageId)],
    ...(providerId === null ? [] : [[t.providerId, code(providerId)] as const]),
    [t.sentAt, sentAt === null ? null : moment(sentAt)],
    [t.acceptedAt, acceptedAt === null ? null : moment(acceptedAt)],
    [t.smtpReply, smtpReply === null ? null : code(smtpReply)],
    [t.template, template === null ? null : escapeHtml(`${template}, ${t.version} ${templateVersion ?? '?'}`)],
    ...(body === null
      ? []
      : ([
          [t.from, escapeHtml(body.mail.from)],
          [t.to, escapeHtml(body.mail.to)],
          [t.subject, escapeHtml(body.mail.subject)],
        ] as const)),
  ];
  const shown =
    body === null
      ? `<p class="missing">${t.noText}</p>`
      : `<p class="note">${body.from === 'stored' ? t.storedText : t.composedText}</p><pre>${escapeHtml(body.mail.text)}</pre>`;
  return `<h4>${t.mail}</h4>${table(lines)}${shown}`;
}

function changeSection(record: ProofRecord, moment: (instant: Instant) => string, language: PageLanguage): string {
  const t = proofTexts[language];
  const lines: Line[] = [
    [t.changedAt, moment(record.at)],
    ...changeLines(record, moment, language),
    ...(record.wording === null ? [] : [[t.wording, quote(record.wording)] as const]),
    [t.formUrl, text(record.formUrl)],
    [t.withdrawIp, text(record.ip)],
    [t.withdrawUserAgent, text(record.userAgent)],
  ];
  return `<article><h3>${t.actions.changed} <small>${t.record} ${record.id}</small></h3>${table([...lines, ...recorded(record, moment, language)])}</article>`;
}

/** What was set; null takes it back. */
function changeLines({ change }: ProofRecord, moment: (instant: Instant) => string, language: PageLanguage): Line[] {
  const t = proofTexts[language];
  if (change === null) return [];
  const { pausedUntil, limit, locale } = change;
  const lines: Line[] = [];
  if (pausedUntil !== undefined)
    lines.push([t.pause, pausedUntil === null ? t.takenBack : `${t.until} ${moment(Date.parse(pausedUntil))}`]);
  if (limit !== undefined)
    lines.push([t.limit, limit === null ? t.takenBack : escapeHtml(promiseInWords(limit, language))]);
  if (locale !== undefined) lines.push([t.locale, locale === null ? t.takenBack : escapeHtml(locale)]);
  return lines;
}

/** How the record itself came to be. */
function recorded(
  { source, actor, at, requestId }: ProofRecord,
  moment: (instant: Instant) => string,
  language: PageLanguage,
): Line[] {
  const t = proofTexts[language];
  return [
    [t.source, escapeHtml(`${t.sources[source] ?? source} (${actor})`)],
    [t.recordedAt, moment(at)],
    ...(requestId === null ? [] : [[t.requestId, code(requestId)] as const]),
  ];
}

function table(lines: readonly Line[]): string {
  const rows = lines.map(
    ([name, html]) => `<tr><th scope="row">${name}</th><td>${html ?? '<span class="missing">–</span>'}</td></tr>`,
  );
  return `<table><tbody>${rows.join('')}</tbody></table>`;
}

const text = (value: string | null) => (value === null ? null : escapeHtml(value));
const code = (value: string) => `<code>${escapeHtml(value)}</code>`;
const quote = (value: string) => `<blockquote>${escapeHtml(value).replace(/\r?\n/g, '<br>')}</blockquote>`;

/** In the installation's zone to the second, and in UTC to the millisecond. */
function momentWriter(timeZone: string, language: PageLanguage): (instant: Instant) => string {
  const format = new Intl.DateTimeFormat(language === 'de' ? 'de-DE' : 'en-GB', {
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZone,
    timeZoneName: 'short',
  });
  return (instant) =>
    `<time datetime="${new Date(instant).toISOString()}">${format.format(instant)}</time> <small>(UTC ${new Date(instant).toISOString()})</small>`;
}

const STYLE = `@page{size:A4;margin:18mm 16mm 20mm}
body{font:11pt/1.45 "Liberation Sans",Arial,Helvetica,sans-serif;color:#1f2933;background:#fff;margin:0}
main{max-width:46rem;margin:0 auto;padding:1.5rem}
h1{font-size:18pt;line-height:1.2;margin:0 0 .5rem}
h2{font-size:14pt;margin:2rem 0 .25rem;border-bottom:2px solid #1d4e6b;padding-bottom:.25rem;break-after:avoid}
h3{font-size:12pt;margin:1.25rem 0 .25rem;break-after:avoid}
h4{font-size:11pt;margin:1rem 0 .25rem;break-after:avoid}
small{font-weight:normal;color:#55606b;font-size:.85em}
p{margin:.25rem 0 .5rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .5rem .25rem 0;border-bottom:1px solid #d5dbe0;overflow-wrap:anywhere}
th{width:34%;font-weight:normal;color:#3e4c59}
tr{break-inside:avoid}
blockquote{margin:0;padding:.25rem .75rem;border-left:3px solid #1d4e6b;background:#f3f6f8}
pre{font:9.5pt/1.4 "Liberation Mono",Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;background:#f3f6f8;border:1px solid #d5dbe0;padding:.75rem;margin:.25rem 0}
code{font:9.5pt "Liberation Mono",Consolas,monospace}
.state{font-weight:bold}
.note,.missing{color:#55606b}
.integrity{break-inside:avoid}
@media print{main{max-width:none;padding:0}blockquote,pre{-webkit-print-color-adjust:exact;print-color-adjust:exact}}`;
