// A group that is being thought up.

import { signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import type { Person } from "../people/person";
import type { Kind } from "./kind";
import { createGroup } from "./requests";

export type Missing = "name" | "purpose" | "kind";

export class NewGroup {
  readonly name = signal("");
  readonly purpose = signal("");
  readonly kind = signal<Kind | undefined>(undefined);
  readonly open = signal(false);
  readonly members = signal<readonly Person[]>([]);
  readonly state = signal<"editing" | "busy" | "failed">("editing");

  constructor(private readonly account: Account) {}

  /** What has to be said before there can be a group. */
  missing(): Missing[] {
    const missing: Missing[] = [];
    if (this.name.value.trim() === "") missing.push("name");
    if (this.purpose.value.trim() === "") missing.push("purpose");
    if (this.kind.value === undefined) missing.push("kind");
    return missing;
  }

  /** Makes it; its id, or nothing when that failed or is under way already. */
  async create(): Promise<string | undefined> {
    const kind = this.kind.value;
    if (kind === undefined || this.missing().length > 0 || this.state.value === "busy") return undefined;
    this.state.value = "busy";
    try {
      return await createGroup(this.account.client, { name: this.name.value.trim(), purpose: this.purpose.value.trim(), kind, open: this.open.value, members: this.members.value.map((one) => one.user_id) });
    } catch {
      this.state.value = "failed";
      return undefined;
    }
  }
}
