import type { Instant } from '../instant.ts';

/** Things with an instant, taken in its order; of one instant, in the order in which they were put in. */
export class Agenda<T extends { readonly at: Instant }> {
  readonly #items: T[] = [];

  get nextAt(): Instant | null {
    return this.#items[0]?.at ?? null;
  }

  add(item: T): void {
    let [low, high] = [0, this.#items.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle]?.at ?? 0) <= item.at) low = middle + 1;
      else high = middle;
    }
    this.#items.splice(low, 0, item);
  }

  /** Takes out what is at `at`. */
  takeAt(at: Instant): T[] {
    let count = 0;
    while (this.#items[count]?.at === at) count += 1;
    return this.#items.splice(0, count);
  }
}
