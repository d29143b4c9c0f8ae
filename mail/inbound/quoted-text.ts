/** A reply's own words, and what it quotes. */
export interface ReplyText {
  readonly text: string;
  /** The mail answered, as quoted; empty where nothing is. */
  readonly quoted: string;
}

/** More than any answer has; what follows counts as quoted. */
const MAX_LINES = 5_000;

/** "On …, Tanja wrote:", in the languages that mail programs speak; it may run over two lines. */
const ATTRIBUTION =
  /^[ \t>]{0,4}(?:(?:on|am|le|el|il|op|em|den|w dniu)\b.{2,300}(?:wrote|schrieb|[ée]crit|escribi[óo]|ha scritto|schreef|escreveu|skrev|napisa[łl]\(?a?\)?)\b.{0,120}:?|.{2,200}(?:wrote|schrieb|a [ée]crit|escribi[óo]|ha scritto|schreef)(?: am .{4,60}| on .{4,60})?\s?:)\s*$/i;

/** "-----Original Message-----", "Begin forwarded message:". */
const SEPARATOR =
  /^[ \t]{0,4}(?:[-_ ]{2,20}\s?(?:original(?:e)? (?:message|nachricht|appointment)|urspr[üu]ngliche nachricht|message d'origine|mensaje original|messaggio originale|weitergeleitete nachricht|forwarded message|oorspronkelijk bericht)\s?[-_ ]{2,20}|begin forwarded message:|anfang der weitergeleiteten (?:nachricht|e-mail):|_{20,}|-{20,})\s*$/i;

/** The header block that Outlook puts above what it quotes. */
const FROM_LINE = /^[ \t]{0,4}\*?(?:from|von|de|da|van|od|från)\s?:\*?\s.{1,300}$/i;
const SENT_LINE =
  /^[ \t]{0,4}\*?(?:sent|gesendet|envoy[ée]|enviado(?: el)?|inviato|verzonden|date|datum|fecha|data|to|an|[àa]|para)\s?:\*?\s.{1,300}$/i;

/**
 * Parts a reply's own words from what it quotes. An answer below the quote, or between its lines, is put together from
 * the lines that are not quoted.
 */
export function splitQuoted(text: string): ReplyText {
  const lines = text.split('\n', MAX_LINES);
  const start = quoteBegins(lines);
  if (start === null) return { text: text.trim(), quoted: '' };
  const own = lines.slice(0, start).join('\n').trim();
  const rest = text.split('\n').slice(start);
  if (own !== '') return { text: own, quoted: rest.join('\n').trim() };
  const isQuoted = quotedLines(rest);
  return {
    text: rest
      .filter((_, index) => !isQuoted(index))
      .join('\n')
      .trim(),
    quoted: rest
      .filter((_, index) => isQuoted(index))
      .join('\n')
      .trim(),
  };
}

function quoteBegins(lines: readonly string[]): number | null {
  for (const [index, line] of lines.entries()) {
    if (line.length > 1_000) continue;
    const next = lines[index + 1] ?? '';
    if (/^>/.test(line) || SEPARATOR.test(line) || ATTRIBUTION.test(line)) return index;
    // A long name breaks the attribution: "On …, Tanja Musterfrau" / "<tanja@example.com> wrote:".
    if (
      /^(?:on|am|le|el|il|op)\b/i.test(line) &&
      next.length < 300 &&
      ATTRIBUTION.test(`${line.trimEnd()} ${next.trim()}`)
    )
      return index;
    if (FROM_LINE.test(line) && [next, lines[index + 2] ?? ''].some((other) => SENT_LINE.test(other))) return index;
  }
  return null;
}

/** Of lines that begin with a quote: whether the one at an index is part of it. Only `>` marks them one by one. */
function quotedLines(lines: readonly string[]): (index: number) => boolean {
  const marked = lines.some((line) => line.startsWith('>'));
  if (!marked) return () => true;
  const firstMark = lines.findIndex((line) => line.startsWith('>'));
  return (index) => index < firstMark || (lines[index] ?? '').startsWith('>');
}
