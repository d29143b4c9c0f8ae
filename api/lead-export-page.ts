import type { PageLanguage } from '../domain/consent/promise-in-words.ts';
import type { Json } from '../domain/interaction/interaction.ts';
import type { ExplainedScore } from '../store/explain-score.ts';
import type { ExportAbout, ExportPart } from '../store/export-lead.ts';
import { isoInstants } from './iso-instants.ts';
import { exportTexts } from './lead-export-texts.ts';
import { escapeHtml } from './pages.ts';
import { scoreInWords } from './score-in-words.ts';

/** Of no use to a reader; the machine-readable export has them. */
const TECHNICAL = new Set(
  [
    'id leadId accountId identityId interactionId modelVersionId sequenceVersionId templateVersionId enrolmentId messageId requestId',
    'attentionRev plannedRev nextLookAt armedLookAt journeyOpen publicationsSeen refold refoldAfter clockOffsetMs test mergedInto',
    'foldState lastSource lastMessageId lastOccurredAt jumps awaits heldMs stepHeldMs releasedPause migratedBy exhausted visit seq',
    'attempts leaseUntil lineage messageIdHeader claimedUntil nextAttemptAt dedupeKey raw hash triggerInteractionId stepEnteredBy',
    'assessedAt recordedAt supersededAt trigger payload content interactions discounted outlook levers',
  ].flatMap((names) => names.split(' ')),
);

/** Many and small: a line each. */
const LINES = new Set([
  'interactions',
  'points',
  'messageEvents',
  'stepPasses',
  'hits',
  'audit',
  'consentAges',
  'entryConditions',
]);

/** The export as one page to print, with nothing from elsewhere, written as it comes. */
export async function* htmlExport(parts: AsyncIterable<ExportPart>, language: PageLanguage): AsyncGenerator<string> {
  const t = exportTexts[language];
  yield `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>${t.title}</title><style>${STYLE}</style></head><body><main>`;
  for await (const part of parts) {
    if ('value' in part) {
      yield about(part.value, language);
      continue;
    }
    yield `<section><h2>${escapeHtml(t.sections[part.name] ?? part.name)}</h2>`;
    const lines = LINES.has(part.name);
    let count = 0;
    for await (const row of part.rows) {
      if (count === 0 && lines) yield '<ul>';
      count += 1;
      yield part.name === 'scores' ? score(row) : lines ? line(row, language) : record(row, language);
    }
    yield count === 0 ? `<p class="note">${t.none}</p></section>` : lines ? '</ul></section>' : '</section>';
  }
  yield '</main></body></html>\n';
}

function about(value: ExportAbout, language: PageLanguage): string {
  const t = exportTexts[language];
  const { controller } = value;
  const imprint =
    controller === null ? [] : [controller.imprint[language] ?? Object.values(controller.imprint)[0] ?? ''];
  const list = (items: readonly string[]) =>
    items.length === 0 ? t.none : `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
  const rows: [string, string][] = [
    [t.exportedAt, escapeHtml(value.exportedAt)],
    [t.person, escapeHtml(value.leadId)],
    ...(value.mergedLeadIds.length === 0 ? [] : [[t.merged, list(value.mergedLeadIds)] as [string, string]]),
    [
      t.controller,
      controller === null
        ? t.noController
        : [controller.name, ...imprint].map((text) => escapeHtml(text).replaceAll('\n', '<br>')).join('<br>'),
    ],
    [t.purposes, list(value.purposes.map(({ purpose, basis }) => `${purpose}: ${t.bases[basis] ?? basis}`))],
    [
      t.recipients,
      list(
        value.recipients.map(
          ({ kind, name, since }) =>
            `${t.recipientKinds[kind] ?? kind}: ${name}${since === null ? '' : `, ${t.since} ${since.slice(0, 10)}`}`,
        ),
      ),
    ],
    [t.sources, list(value.sources.map(({ source, statements }) => `${source}: ${statements}`))],
    [
      t.storage,
      `${t.kept}<br>${value.storage.consentStaleAfter === null ? '' : `${t.stale} ${escapeHtml(plain(value.storage.consentStaleAfter, language))}<br>`}${t.signUps} ${escapeHtml(plain(value.storage.openSignUps, language))}`,
    ],
    [
      t.automated,
      `${t.automatedText}${value.automatedDecisions.length === 0 ? '' : list(value.automatedDecisions.map(({ model, threshold }) => (threshold === null ? model : `${model}: ${t.threshold} ${threshold} ${t.points}`)))}`,
    ],
    [t.rights, t.rightsText],
  ];
  return `<header><h1>${t.title}</h1><p>${t.lead}</p>${table(rows)}</header>`;
}

function score(row: Json): string {
  const { modelName } = row as unknown as ExplainedScore;
  const words = scoreInWords(row as unknown as ExplainedScore);
  return `<h3>${escapeHtml(modelName)}</h3><ul>${words.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('')}</ul>`;
}

function record(row: Json, language: PageLanguage): string {
  const content =
    (row as { readonly content?: { readonly subject: string; readonly text: string | null } | null }).content ?? null;
  const t = exportTexts[language];
  const mail =
    content === null
      ? ''
      : `<p><b>${t.subject}: ${escapeHtml(content.subject)}</b></p><pre>${escapeHtml(content.text ?? '')}</pre>`;
  return `<div class="record">${table(fieldsOf(row, language))}${mail}</div>`;
}

function line(row: Json, language: PageLanguage): string {
  return `<li>${fieldsOf(row, language)
    .map(([name, value]) => `<b>${name}</b> ${value}`)
    .join('; ')}</li>`;
}

/** Name and value as HTML. */
function fieldsOf(row: Json, language: PageLanguage): [string, string][] {
  const t = exportTexts[language];
  return Object.entries(isoInstants(row) as { readonly [name: string]: Json }).flatMap(([name, value]) => {
    const text = TECHNICAL.has(name) ? '' : plain(value, language);
    return text === '' ? [] : [[escapeHtml(t.fields[name] ?? inWords(name)), escapeHtml(text)] as [string, string]];
  });
}

function plain(value: Json, language: PageLanguage): string {
  const t = exportTexts[language];
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? t.yes : t.no;
  if (Array.isArray(value))
    return value
      .map((item) => plain(item, language))
      .filter((text) => text !== '')
      .join(', ');
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([name, item]): [string, string] => [name, plain(item as Json, language)])
      .filter(([, text]) => text !== '')
      .map(([name, text]) => `${t.fields[name] ?? inWords(name)}: ${text}`)
      .join(', ');
  return String(value);
}

/** `occurredAt` → `occurred at`. */
const inWords = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function table(rows: readonly (readonly [string, string])[]): string {
  return `<table>${rows.map(([name, html]) => `<tr><th scope="row">${name}</th><td>${html}</td></tr>`).join('')}</table>`;
}

const STYLE = `@page{size:A4;margin:18mm 16mm 20mm}
body{font:10.5pt/1.45 "Liberation Sans",Arial,Helvetica,sans-serif;color:#1f2933;background:#fff;margin:0}
main{max-width:46rem;margin:0 auto;padding:1.5rem}
h1{font-size:18pt;line-height:1.2;margin:0 0 .5rem}
h2{font-size:13pt;margin:2rem 0 .5rem;border-bottom:2px solid #1d4e6b;padding-bottom:.25rem;break-after:avoid}
h3{font-size:11pt;margin:1rem 0 .25rem;break-after:avoid}
p,ul{margin:.25rem 0 .5rem}
ul{padding-left:1.25rem}
li{overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.2rem .5rem .2rem 0;border-bottom:1px solid #d5dbe0;overflow-wrap:anywhere}
th{width:30%;font-weight:normal;color:#3e4c59}
tr{break-inside:avoid}
.record{margin:0 0 1rem;padding-left:.75rem;border-left:3px solid #d5dbe0}
.note{color:#55606b}
pre{font:9pt/1.4 "Liberation Mono",Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;background:#f3f6f8;border:1px solid #d5dbe0;padding:.75rem;margin:.25rem 0}
@media print{main{max-width:none;padding:0}pre{-webkit-print-color-adjust:exact;print-color-adjust:exact}}`;
