// How long to wait before trying again: longer each time, never in step with everyone else who lost the same server.

const firstMs = 1_000;
const longestMs = 30_000;

/** Milliseconds before attempt number `attempt` (1 for the first retry), spread by a fifth either way; `told` is the server's own wish. */
export function pause(attempt: number, told?: number, random: () => number = Math.random): number {
  const base = Math.min(firstMs * 2 ** (attempt - 1), longestMs);
  const spread = base * (0.8 + 0.4 * random());
  return Math.round(Math.max(spread, told ?? 0));
}

/** A sleep that can be cut short: by `wake`, when there is reason to hope (the network came back), or by the signal. */
export class Alarm {
  #wake: (() => void) | undefined;

  /** Resolves after `ms`, on wake, or at once when the signal is or becomes aborted. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener("abort", done);
      this.#wake = done;
    });
  }

  wake(): void {
    this.#wake?.();
  }
}
