// A message that has not left yet: how far its file is, what it waits for, and a way to take it back.

import { useEffect, useState } from "preact/hooks";
import type { Account } from "../matrix/account";
import type { Message } from "../matrix/fold";
import type { Progress } from "../matrix/record";
import { count, size } from "../words/times";
import type { Conversation } from "./model";
import { words } from "./words";

export function Waiting({ message, conversation }: { message: Message; conversation: Conversation }) {
  const progress = useProgress(conversation.account, message.key);
  const file = !("text" in message.body);
  // Most messages leave before they could be read here.
  if (message.reason === undefined && !file) return null;
  const done = progress !== undefined && progress.sent >= progress.size;
  return (
    <div class="waiting">
      {message.reason !== undefined ? <span role="status">{reasonOf(message.reason)}</span> : <span>{progress && !done ? words.uploading(size(progress.sent), size(progress.size)) : words.sending.queued}</span>}
      {progress && !done && message.reason === undefined && <progress max={progress.size} value={progress.sent} aria-label={words.uploadProgress(count(Math.round((100 * progress.sent) / progress.size)))} />}
      <button type="button" class="button-quiet" onClick={() => conversation.discard(message.key)}>
        {words.sending.cancel}
      </button>
    </div>
  );
}

function reasonOf(reason: string): string {
  return Object.hasOwn(words.waitsFor, reason) ? words.waitsFor[reason as keyof typeof words.waitsFor] : words.sending.queued;
}

/** How much of a message's file has been sent; undefined before anything has. */
function useProgress(account: Account, txnId: string): Progress | undefined {
  const [progress, setProgress] = useState<Progress>();
  useEffect(
    () =>
      account.store.changes.listen((change) => {
        for (const one of change.progress ?? []) if (one.txn_id === txnId) setProgress(one);
      }),
    [account, txnId],
  );
  return progress;
}
