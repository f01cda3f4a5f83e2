/** A name that nothing else from this device has: for transactions and connections. */
export function uniqueId(): string {
  // Not crypto.randomUUID, which browsers withhold from pages without TLS.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `w${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
