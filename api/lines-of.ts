import { TendError } from '../domain/errors.ts';

/** Longer than any address with all that may stand beside it. */
const LONGEST_LINE = 4_096;

/** The lines of a body as it comes in, in UTF-8; it may be of any length, for nothing of it is kept. Throws `invalid-request`: a line without end. */
export async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) yield short(line);
    short(rest);
  }
  rest += decoder.decode();
  if (rest !== '') yield short(rest);
}

function short(line: string): string {
  if (line.length <= LONGEST_LINE) return line;
  throw new TendError(
    'invalid-request',
    `A line is longer than ${LONGEST_LINE} characters: is this a list, one address a line?`,
  );
}
