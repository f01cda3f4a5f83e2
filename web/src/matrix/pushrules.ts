// Which conversations are muted, by the person's push rules (client-server API, "Push Rules"), and the rules after muting one. Pure.

import { isObject, text, type Content } from "./event";

export const pushRulesType = "m.push_rules";

function rulesOf(content: Content | undefined, kind: string): Content[] {
  const global = isObject(content?.global) ? content.global : {};
  const list = global[kind];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function silent(rule: Content): boolean {
  return rule.enabled !== false && Array.isArray(rule.actions) && !rule.actions.includes("notify");
}

/** The room that an override rule is about, if it is about one room and nothing else. */
function onlyRoom(rule: Content): string | undefined {
  const [condition, ...more] = Array.isArray(rule.conditions) ? (rule.conditions as unknown[]) : [];
  if (!isObject(condition) || more.length > 0) return undefined;
  return condition.kind === "event_match" && condition.key === "room_id" ? text(condition.pattern) : undefined;
}

/** The rooms in which nothing notifies, or only mentions do. */
export function mutedRooms(content: Content | undefined): ReadonlySet<string> {
  const byRoom = rulesOf(content, "room").filter(silent).map((rule) => text(rule.rule_id));
  const override = rulesOf(content, "override").filter(silent).map(onlyRoom);
  return new Set([...byRoom, ...override].filter((id) => id !== undefined));
}

/** The rule ids of override rules that silence a room: to unmute it, these have to go as well. */
export function overridesOf(content: Content | undefined, roomId: string): string[] {
  return rulesOf(content, "override")
    .filter((rule) => onlyRoom(rule) === roomId && silent(rule))
    .flatMap((rule) => text(rule.rule_id) ?? []);
}

/** The rules with a room muted, or heard again. */
export function withMuted(content: Content | undefined, roomId: string, muted: boolean): Content {
  const global = isObject(content?.global) ? content.global : {};
  const others = rulesOf(content, "room").filter((rule) => rule.rule_id !== roomId);
  const override = rulesOf(content, "override").filter((rule) => muted || onlyRoom(rule) !== roomId || !silent(rule));
  const room = muted ? [{ rule_id: roomId, default: false, enabled: true, actions: [] }, ...others] : others;
  return { ...content, global: { ...global, override, room } };
}

/** Of what somebody is told in a conversation: of everything that their general rules tell of, of mentions only, of nothing. */
export type Level = "all" | "mentions" | "none";

export function levelOf(content: Content | undefined, roomId: string): Level {
  if (overridesOf(content, roomId).length > 0) return "none";
  return mutedRooms(content).has(roomId) ? "mentions" : "all";
}

/** The body of the override rule that silences a room altogether; its rule id is the room's id. */
export function silencing(roomId: string): Content {
  return { actions: [], conditions: [{ kind: "event_match", key: "room_id", pattern: roomId }] };
}

/** The rules with another level for a room. */
export function withLevel(content: Content | undefined, roomId: string, level: Level): Content {
  const heard = withMuted(content, roomId, false);
  if (level === "all") return heard;
  if (level === "mentions") return withMuted(heard, roomId, true);
  const global = isObject(heard.global) ? heard.global : {};
  const rule = { rule_id: roomId, default: false, enabled: true, ...silencing(roomId) };
  return { ...heard, global: { ...global, override: [rule, ...rulesOf(heard, "override")] } };
}
