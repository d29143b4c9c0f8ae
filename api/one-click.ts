/** More parts than one are refused anyway. */
const MOST_PARTS = 4;

/**
 * Whether the body of a POST is the form of RFC 8058 §3.1: the one field List-Unsubscribe=One-Click, as
 * `application/x-www-form-urlencoded` or `multipart/form-data` (a body without a type is read as the former). Anything beside
 * it was not sent by a mail program that unsubscribes its user.
 */
export function saysOneClick(body: unknown, contentType = ''): boolean {
  if (typeof body !== 'string') return false;
  const fields = /^multipart\/form-data\b/i.test(contentType) ? multipartFields(body, contentType) : formFields(body);
  const [field] = fields;
  return fields.length === 1 && field !== undefined && field[0] === 'List-Unsubscribe' && field[1] === 'One-Click';
}

type Field = readonly [name: string, value: string];

function formFields(body: string): Field[] {
  return [...new URLSearchParams(body.trim())];
}

/** The fields of a form as RFC 7578 has them; empty where it is not one. A file is no field. */
function multipartFields(body: string, contentType: string): Field[] {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) return [];
  // RFC 2046 §5.1.1: what stands before the first and after the closing delimiter says nothing.
  const parts = `\r\n${body.replace(/\r?\n/g, '\r\n')}`.split(`\r\n--${boundary}`);
  if (parts.length > MOST_PARTS || !parts.at(-1)?.startsWith('--')) return [];
  return parts.slice(1, -1).map((part): Field => {
    const end = part.indexOf('\r\n\r\n');
    const headers = part.slice(0, end);
    const disposition = /^\s*content-disposition:\s*form-data\s*;(.*)$/im.exec(headers)?.[1] ?? '';
    const name = /(?:^|;)\s*name="?([^";]*)"?/i.exec(disposition)?.[1] ?? '';
    return end === -1 || /\bfilename\*?=/i.test(disposition) ? ['', ''] : [name, part.slice(end + 4)];
  });
}
