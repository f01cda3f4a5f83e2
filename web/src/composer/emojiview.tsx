// Emoji for the text, on a device without a keyboard of them.

import { Dialog } from "../look/dialog";
import { EmojiPicker } from "../look/emoji";
import { words } from "./words";

export function EmojiSheet({ onPick, onClose }: { onPick: (sign: string) => void; onClose: () => void }) {
  const pick = (sign: string) => {
    onPick(sign);
    onClose();
  };
  return (
    <Dialog title={words.emoji} onClose={onClose}>
      <EmojiPicker onPick={pick} />
    </Dialog>
  );
}
