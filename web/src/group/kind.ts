// What a group is for. It is chosen when the group is made, stands in its create event, and is told by colour and by word.

export const kinds = ["clinical", "operational", "social"] as const;
export type Kind = (typeof kinds)[number];

export const kindField = "org.wardline.kind";

/** The kind if it is one of those known here. */
export function asKind(value: string | undefined): Kind | undefined {
  return kinds.find((kind) => kind === value);
}
