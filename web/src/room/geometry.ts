// Where the items of a long list are, when only those near the screen are in the page: heights as they were measured, guesses
// for the rest, and the tops that follow from them. Pixels throughout. Pure.

export interface Range {
  from: number;
  /** The first that is not in it. */
  to: number;
}

export class Geometry {
  #keys: string[] = [];
  #tops: number[] = [0];
  #places = new Map<string, number>();
  #guesses: number[] = [];
  readonly #measured = new Map<string, number>();

  /** The items in their order, with a guess for the height of each. */
  set(keys: string[], guesses: number[]): void {
    this.#keys = keys;
    this.#guesses = guesses;
    this.#places = new Map(keys.map((key, at) => [key, at]));
    // What is no longer among them may come back; but not all that ever was need be remembered.
    if (this.#measured.size > 4 * keys.length + 400) for (const key of this.#measured.keys()) if (!this.#places.has(key)) this.#measured.delete(key);
    this.#lay();
  }

  /** Takes the height of items as they stand in the page; answers whether anything moves because of it. */
  measure(heights: Iterable<readonly [string, number]>): boolean {
    let moved = false;
    for (const [key, height] of heights) {
      const at = this.#places.get(key);
      if (at === undefined || Math.abs(this.#height(at) - height) < 0.5) {
        if (at !== undefined && !this.#measured.has(key)) this.#measured.set(key, height);
        continue;
      }
      this.#measured.set(key, height);
      moved = true;
    }
    if (moved) this.#lay();
    return moved;
  }

  /** Every height may be another now: the width changed. */
  forget(): void {
    this.#measured.clear();
    this.#lay();
  }

  get total(): number {
    return this.#tops[this.#keys.length] ?? 0;
  }

  get length(): number {
    return this.#keys.length;
  }

  key(at: number): string | undefined {
    return this.#keys[at];
  }

  place(key: string): number | undefined {
    return this.#places.get(key);
  }

  /** Where an item begins; the end of the list for one past the last. */
  top(at: number): number {
    return this.#tops[Math.max(0, Math.min(at, this.#keys.length))] ?? 0;
  }

  /** The item at a height: the last that begins at or above it. */
  at(y: number): number {
    let low = 0;
    let high = this.#keys.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#tops[middle] ?? 0) <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  /** The items that lie between two heights, in part or whole. */
  between(top: number, bottom: number): Range {
    if (this.#keys.length === 0) return { from: 0, to: 0 };
    return { from: this.at(top), to: this.at(bottom) + 1 };
  }

  #height(at: number): number {
    return (this.#tops[at + 1] ?? 0) - (this.#tops[at] ?? 0);
  }

  #lay(): void {
    const tops = new Array<number>(this.#keys.length + 1);
    let y = 0;
    for (const [at, key] of this.#keys.entries()) {
      tops[at] = y;
      y += this.#measured.get(key) ?? this.#guesses[at] ?? 0;
    }
    tops[this.#keys.length] = y;
    this.#tops = tops;
  }
}
