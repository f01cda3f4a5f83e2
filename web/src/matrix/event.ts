// Events as Matrix clients exchange them (client-server API, section 7.3), and safe readings of their content.
// Content is written by other people's clients: nothing in it is believed before its type was looked at.

export type Content = Record<string, unknown>;

/** An event as sync and /messages give it. */
export interface MatrixEvent {
  event_id: string;
  type: string;
  sender: string;
  origin_server_ts: number;
  content: Content;
  state_key?: string;
  unsigned?: Content;
  /** The target of an m.room.redaction before room version 11; later it stands in the content. */
  redacts?: string;
}

export function isObject(value: unknown): value is Content {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value if it is a string, else undefined. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** An event if the value has the shape of one, else undefined: a malformed event is not shown rather than half shown. */
export function readEvent(value: unknown): MatrixEvent | undefined {
  if (!isObject(value) || !isObject(value.content)) return undefined;
  const { event_id, type, sender, origin_server_ts } = value;
  if (typeof event_id !== "string" || typeof type !== "string" || typeof sender !== "string") return undefined;
  if (typeof origin_server_ts !== "number") return undefined;
  return value as unknown as MatrixEvent;
}

export function readEvents(values: unknown): MatrixEvent[] {
  if (!Array.isArray(values)) return [];
  return values.map(readEvent).filter((event) => event !== undefined);
}

/** What an event says about another (client-server API, section 11.8), if it says so in a readable form. */
export function relation(event: Pick<MatrixEvent, "content">): { type: string; target: string; key?: string } | undefined {
  const relates = event.content["m.relates_to"];
  if (!isObject(relates)) return undefined;
  const type = text(relates.rel_type);
  const target = text(relates.event_id);
  if (!type || !target) return undefined;
  return { type, target, key: text(relates.key) };
}

/** The event that a message answers, if it answers one. */
export function replyTarget(event: Pick<MatrixEvent, "content">): string | undefined {
  const relates = event.content["m.relates_to"];
  if (!isObject(relates) || !isObject(relates["m.in_reply_to"])) return undefined;
  return text(relates["m.in_reply_to"].event_id);
}

/** The target of an m.room.redaction, in the form of room version 11 or of those before it. */
export function redactionTarget(event: MatrixEvent): string | undefined {
  if (event.type !== "m.room.redaction") return undefined;
  return text(event.content.redacts) ?? event.redacts;
}

export function isRedacted(event: Pick<MatrixEvent, "unsigned">): boolean {
  return isObject(event.unsigned?.redacted_because);
}

/** The event without what its sender said; what remains is enough to show that something was deleted, and by whom. */
export function redacted(event: MatrixEvent, because: MatrixEvent): MatrixEvent {
  return { ...event, content: {}, unsigned: { redacted_because: because } };
}

/** The transaction id under which this device sent the event; only the sending device is told it. */
export function transactionOf(event: MatrixEvent): string | undefined {
  return text(event.unsigned?.transaction_id);
}
