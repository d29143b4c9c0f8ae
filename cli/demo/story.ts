import { bold, dim, green } from '../terminal.ts';

/** Tells a story on the terminal: a line when something happens, with the seconds since it began. */
export interface Story {
  chapter(title: string): void;
  tell(text: string): void;
  /** Something that was promised and has been seen to hold. */
  seen(text: string): void;
  aside(text: string): void;
}

export function beginStory(): Story {
  const began = performance.now();
  const line = (mark: string, text: string) => {
    const seconds = `${((performance.now() - began) / 1000).toFixed(1)} s`;
    console.log(`${dim(seconds.padStart(7))}  ${mark} ${text}`);
  };
  return {
    chapter: (title) => console.log(`\n${bold(title)}`),
    tell: (text) => line('·', text),
    seen: (text) => line(green('✓'), text),
    aside: (text) => console.log(`${' '.repeat(11)}${dim(text)}`),
  };
}

/** Asks until there is an answer. Says what did not come, and where to look, when there is none in time. */
export async function until<T>(what: string, ask: () => Promise<T | null | undefined>, limitMs = 30_000): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined) return answer;
    if (performance.now() > end) {
      throw new Error(
        `The demo waited ${limitMs / 1000} s in vain for ${what}. "tend why <address>" and .tend/logs tell more.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}
