// An invitation: who invites, to what, for what purpose and why. What is not said is left out; nothing of the conversation itself
// is shown before it is accepted.

import { KindTag } from "../conversations/row";
import { heroName, type Room } from "../matrix/record";
import type { Directory } from "../people/directory";
import { Profile } from "../people/profile";
import { asKind } from "./kind";
import { words } from "./words";

const say = words.invitation;

export function Invited({ room, directory }: { room: Room; directory: Directory }) {
  const { inviter } = room;
  const name = inviter ? heroName(inviter) : "";
  const person = inviter && (directory.person(inviter.user_id) ?? { user_id: inviter.user_id, name });
  const kind = asKind(room.kind);
  return (
    <>
      <h2>{room.direct ? say.person(name) : say.group(name)}</h2>
      {person && <Profile person={person} />}
      {(room.purpose || kind || room.reason) && (
        <dl class="facts">
          {room.purpose && (
            <div>
              <dt>{say.purpose}</dt>
              <dd dir="auto">{room.purpose}</dd>
            </div>
          )}
          {kind && (
            <div>
              <dt>{words.about.kind}</dt>
              <dd>
                <KindTag kind={kind} /> {words.kindHint[kind]}
              </dd>
            </div>
          )}
          {room.reason && (
            <div>
              <dt>{say.reason(name)}</dt>
              <dd dir="auto">{room.reason}</dd>
            </div>
          )}
        </dl>
      )}
    </>
  );
}
