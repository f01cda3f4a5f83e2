// The banner that offers a newer version.

import { updateReady, beginNewVersion } from "./page";
import { words } from "./words";

export function UpdateBanner() {
  return (
    <div role="status">
      {updateReady.value && (
        <div class="banner banner-calm">
          <span>{words.ready}</span>
          <button type="button" class="button-quiet" onClick={beginNewVersion}>
            {words.use}
          </button>
        </div>
      )}
    </div>
  );
}
