// What stands beside the list other than a conversation: people to write to, groups to make and to join, and what is to be known
// of a conversation.

import { DirectoryScreen } from "../group/directory";
import { AboutScreen } from "../group/about";
import { NewGroupScreen } from "../group/create";
import { FirstMessageScreen, StartScreen, type PeopleProps } from "../people/view";
import type { Route } from "./route";

export function Beside({ here, ...props }: PeopleProps & { here: Route }) {
  switch (here.screen) {
    case "new":
      return <StartScreen {...props} />;
    case "first message":
      return <FirstMessageScreen {...props} />;
    case "new group":
      return <NewGroupScreen {...props} />;
    case "groups":
      return <DirectoryScreen {...props} />;
    case "about":
      return <AboutScreen key={here.roomId} roomId={here.roomId} {...props} />;
    default:
      return null;
  }
}
