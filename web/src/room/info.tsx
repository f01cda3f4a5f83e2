// Who has a message, who has read it, and when.

import { Sheet } from "../look/dialog";
import { Avatar } from "../look/avatar";
import { Skeleton } from "../look/state";
import type { Message } from "../matrix/fold";
import { inFull } from "../words/times";
import { deliveryOf, type Reach } from "./delivery";
import type { Conversation } from "./model";
import { Failed, useAnswer } from "./sheets";
import { words as say } from "./words";

export function InfoSheet({ conversation, message, onClose }: { conversation: Conversation; message: Message; onClose: () => void }) {
  const answer = useAnswer(() => deliveryOf(conversation.account.client, conversation.roomId, message.event_id ?? ""), `${message.event_id} ${message.readers} ${message.holders}`);
  const others = (answer.value ?? []).filter((one) => one.user_id !== message.sender);
  const read = others.filter((one) => one.read !== undefined);
  const held = others.filter((one) => one.read === undefined && one.delivered !== undefined);
  const waiting = others.filter((one) => one.read === undefined && one.delivered === undefined);
  return (
    <Sheet title={say.infoTitle} onClose={onClose}>
      <p class="quiet">{say.sentAt(inFull(message.at))}</p>
      {answer.failed && <Failed again={answer.again} />}
      {!answer.value && !answer.failed && <Skeleton kind="list" rows={3} label={say.loadingMore} />}
      <Group title={say.readTitle(read.length)} people={read} time={(one) => one.read} conversation={conversation} />
      <Group title={say.deliveredTitle(held.length)} people={held} time={(one) => one.delivered} conversation={conversation} />
      <Group title={say.waitingTitle(waiting.length)} people={waiting} time={() => undefined} conversation={conversation} />
    </Sheet>
  );
}

interface GroupProps {
  title: string;
  people: Reach[];
  time: (one: Reach) => { at: number; exact: boolean } | undefined;
  conversation: Conversation;
}

function Group({ title, people, time, conversation }: GroupProps) {
  if (people.length === 0) return null;
  return (
    <section class="reach">
      <h3>{title}</h3>
      <ul>
        {people.map((one) => {
          const name = conversation.nameOf(one.user_id);
          const when = time(one);
          return (
            <li key={one.user_id}>
              <Avatar id={one.user_id} name={name} />
              <span>
                <bdi>{name}</bdi>
                {when && <span class="quiet">{when.exact ? inFull(when.at) : say.by(inFull(when.at))}</span>}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
