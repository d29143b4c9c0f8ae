/**
 * Lines of plain text that a mail shows as they are, such as the imprint: in HTML escaped and with line breaks between
 * them, in text one below the other. Liquid would else escape the breaks with the rest.
 */
export class Lines {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text.split(/\r?\n/).map((line) => line.trim());
  }

  /** As text; also what Liquid's filters see. */
  toString(): string {
    return this.#lines.join('\n');
  }

  toHtml(): string {
    return this.#lines.map(escapeHtml).join('<br />');
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

/** Text as the content of an element or of an attribute in quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
