// One holder at a time across all tabs of this browser, by the Web Locks API. Where the browser has none (an address
// without TLS that is not localhost) the lock holds within this tab only.

const chains = new Map<string, Promise<unknown>>();

/** Runs the work when no other tab is running work of the same name, and answers what it answers. */
export async function exclusively<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return await inThisTab(name, work, signal);
  const options: LockOptions = signal ? { signal } : {};
  return (await locks.request(`wardline:${name}`, options, work)) as T;
}

async function inThisTab<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const before = chains.get(name) ?? Promise.resolve();
  const mine = Promise.race([before, aborted(signal)]).then(() => {
    signal?.throwIfAborted();
    return work();
  });
  chains.set(name, Promise.allSettled([before, mine]));
  return await mine;
}

/** Never resolves; rejects when the signal is aborted. */
async function aborted(signal: AbortSignal | undefined): Promise<never> {
  return await new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));
}
