/** What stands for the mail in a return path: a kind, and 39 characters (mail/inbound/verp.ts). */
const TOKEN_LENGTH = 41;
/** RFC 5321 §4.5.3.1.1, in octets. */
const MAX_LOCAL_PART = 64;

/** What is wrong with a sender's return path, such as `bounce+*@mail.example.com`, and what would be right; null: nothing. */
export function returnPathProblem(pattern: string): string | null {
  const [local = '', domain, ...more] = pattern.split('@');
  if (domain === undefined || more.length > 0 || local.split('*').length !== 2)
    return 'must have one * before the @, such as bounce+*@mail.example.com: it stands for the mail it belongs to';
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(domain)) return 'must end in a domain, such as bounce+*@mail.example.com';
  if (!/^[\w.+=*-]+$/.test(local) || /[a-z0-9]\*|\*[a-z0-9]/i.test(local))
    return 'must have a separator such as + or - beside its *, and only letters, digits and . _ + = - before the @';
  if (local.length - 1 + TOKEN_LENGTH > MAX_LOCAL_PART)
    return `must have at most ${MAX_LOCAL_PART - TOKEN_LENGTH} characters beside the * before the @ (RFC 5321 4.5.3.1.1)`;
  return null;
}
