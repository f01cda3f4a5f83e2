// What a screen shows when it has nothing to show: nothing yet, nothing at all, or something went wrong.

import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon";

export interface EmptyProps {
  icon?: IconName;
  title: string;
  hint?: ComponentChildren;
  /** What can be done about it. */
  action?: ComponentChildren;
}

/** Nothing is here, and why, and what to do. */
export function Empty({ icon, title, hint, action }: EmptyProps) {
  return (
    <div class="empty">
      {icon && (
        <span class="empty-icon">
          <Icon name={icon} />
        </span>
      )}
      <h2>{title}</h2>
      {hint && <p>{hint}</p>}
      {action && <div class="empty-action">{action}</div>}
    </div>
  );
}

/** The shape of what is being loaded; `label` says so to those who do not see it. */
export function Skeleton({ label, kind, rows = 6 }: { label: string; kind: "list" | "messages" | "text"; rows?: number }) {
  return (
    <div class={`skeleton skeleton-${kind}`} role="status">
      <span class="visually-hidden">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} class={`bone bone-${row % 4}`} aria-hidden="true">
          {kind === "list" && <span class="bone-mark" />}
          <span class="bone-line" />
          {kind === "list" && <span class="bone-line bone-short" />}
        </div>
      ))}
    </div>
  );
}

export interface NoticeProps {
  kind?: "info" | "success" | "warning" | "error";
  title?: string;
  children?: ComponentChildren;
}

const signs: Record<NonNullable<NoticeProps["kind"]>, IconName> = { info: "info", success: "check", warning: "warning", error: "warning" };

/** A few words in a frame. An error is told at once, the others politely; a sign and the words say which it is, not the colour alone. */
export function Notice({ kind = "info", title, children }: NoticeProps) {
  return (
    <div class={`notice-box notice-${kind}`} role={kind === "error" ? "alert" : "status"}>
      <Icon name={signs[kind]} />
      <div>
        {title && <p class="notice-title">{title}</p>}
        {children}
      </div>
    </div>
  );
}

/** A word in a frame, for a state of something. */
export function Tag({ kind = "plain", children }: { kind?: "plain" | "failed" | "good" | "clinical" | "operational" | "social"; children: ComponentChildren }) {
  return <span class={kind === "plain" ? "tag" : `tag tag-${kind}`}>{children}</span>;
}
